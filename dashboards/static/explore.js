/* The Explore page: what the reader chooses is looked up in a cube of published cells, drawn, listed and said.
   Nothing is computed here: numbers are picked and written. The address carries the choices; a choice that does not
   exist falls back to one that does, and the sentence says so. */
(function () {
  "use strict";
  var box = document.getElementById("explorer");
  if (!box || !window.phipCharts) { return; }
  var shared = JSON.parse(document.getElementById("explorer-shared").textContent);
  var colours = window.phipCharts.template.layout.colorway;
  var ink = window.phipCharts.template.layout.font.color;
  var narrowScreen = window.matchMedia("(max-width: 640px)");
  var NAMES = ["measure", "region", "board", "strand", "sector", "grain", "period"];
  var GRAIN_ORDER = ["year", "quarter", "month", "all"];
  var choose = {};
  NAMES.forEach(function (name) { choose[name] = document.getElementById("choose-" + name); });
  var boards = options(choose.board).slice(1).map(function (option) {
    return { code: option.value, name: option.text, region: option.dataset.region || "" };
  });
  var regions = options(choose.region).slice(1).map(function (option) {
    return { code: option.value, name: option.text };
  });
  var words = {};
  ["strand", "sector", "grain"].forEach(function (name) {
    words[name] = {};
    options(choose[name]).forEach(function (option) { words[name][option.value || "all"] = option.text; });
  });
  var loading = {};
  var turn = 0;

  function options(select) { return Array.prototype.slice.call(select.options); }
  function part(name) { return document.getElementById("explorer-" + name); }

  // ---- the cube

  function loadCube(measure) {
    var known = window.phipCube && window.phipCube[measure];
    if (known) { return Promise.resolve(known); }
    loading[measure] = loading[measure] || new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = options(choose.measure).find(function (option) { return option.value === measure; }).dataset.cube;
      script.onload = function () { resolve(window.phipCube[measure]); };
      script.onerror = reject;
      document.head.appendChild(script);
    });
    return loading[measure];
  }

  /* One cell a period with a published row: period, words of the period, value, lower, upper, numerator,
     denominator (null where there is none) and the symbol. */
  function series(cube, place, strand, sector, grain) {
    var found = cube.series[[place, strand, sector, grain].join("|")];
    if (!found) { return []; }
    return found[1].split("").map(function (symbol, position) {
      var period = cube.periods[grain][found[0] + position];
      var cell = { start: period[0], words: period[1], grain: grain, symbol: symbol === "." ? "" : symbol };
      ["value", "lower", "upper", "numerator", "denominator"].forEach(function (name, column) {
        cell[name] = found[column + 2] ? found[column + 2][position] : null;
      });
      return cell;
    }).filter(function (cell) { return cell.symbol !== "-"; });
  }

  function at(cells, start) { return cells.find(function (cell) { return cell.start === start; }) || null; }

  function newest(cells) {
    var mature = cells.filter(function (cell) { return cell.symbol !== "e"; });
    return (mature.length ? mature : cells)[(mature.length ? mature : cells).length - 1] || null;
  }

  function yearBefore(cells, cell) {
    var earlier = String(Number(cell.start.slice(0, 4)) - 1) + cell.start.slice(4);
    var found = cell.grain === "all" ? null : at(cells, earlier);
    return found && found.value !== null ? found : null;
  }

  // ---- writing numbers: the rules come from the pages, ties go to the even digit as there

  function plain(value, unit) {
    var rule = shared.rules[unit];
    var decimals = Math.abs(value) < rule.small_below ? rule.small_decimals : rule.decimals;
    var text = new Intl.NumberFormat("en-GB", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfEven"
    }).format(value);
    return rule.prefix + text + rule.suffix;
  }

  function written(cell, unit) {
    if (!cell) { return "[x]"; }
    if (cell.value === null) { return "[" + cell.symbol + "]"; }
    return plain(cell.value, unit) + (cell.symbol ? " [" + cell.symbol + "]" : "");
  }

  function interval(cell, unit) {
    if (!cell || cell.lower === null || cell.upper === null) { return ""; }
    return plain(cell.lower, unit) + " to " + plain(cell.upper, unit);
  }

  function inPeriod(cell) { return cell.grain === "all" ? cell.words : "in " + cell.words; }

  function course(cell, earlier, unit) {
    if (!earlier || cell.value === null) { return ""; }
    var before = plain(earlier.value, unit) + " " + inPeriod(earlier);
    if (plain(cell.value, unit) === plain(earlier.value, unit)) { return "the same as " + before; }
    return (cell.value > earlier.value ? "up from " : "down from ") + before;
  }

  // ---- choices

  function asked() {
    var query = new URLSearchParams(window.location.search);
    var state = {};
    NAMES.forEach(function (name) { state[name] = query.get(name) || ""; });
    return state;
  }

  function fromForm() {
    var state = {};
    NAMES.forEach(function (name) { state[name] = choose[name].value; });
    return state;
  }

  function settleMeasure(state, refused) {
    if (state.measure && !shared.measures[state.measure]) { refused.push("measure"); state.measure = ""; }
    state.measure = state.measure || shared.first;
    var board = boards.find(function (each) { return each.code === state.board; });
    if (state.board && !board) { refused.push("board"); state.board = ""; }
    if (state.region && !regions.some(function (each) { return each.code === state.region; })) {
      refused.push("region");
      state.region = "";
    }
    if (board && state.region && board.region !== state.region) { refused.push("board"); state.board = ""; }
    if (board && state.board && !state.region) { state.region = board.region; }
  }

  function placeOf(state) { return state.board || state.region || shared.england[0]; }

  /* Keep each choice that has cells; otherwise the first that does. */
  function settle(state, cube, refused) {
    var keys = Object.keys(cube.series).map(function (key) { return key.split("|"); });
    var place = placeOf(state);
    var here = keys.filter(function (key) { return key[0] === place; });
    if (!here.length) {
      if (state.board || state.region) { refused.push(state.board ? "board" : "region"); }
      state.board = "";
      state.region = "";
      place = shared.england[0];
      here = keys.filter(function (key) { return key[0] === place; });
    }
    var allowed = {};
    [["strand", 1], ["sector", 2], ["grain", 3]].forEach(function (pair) {
      var name = pair[0];
      var column = pair[1];
      allowed[name] = here.map(function (key) { return key[column]; }).filter(function (value, position, all) {
        return all.indexOf(value) === position;
      });
      var wanted = state[name] || (name === "grain" ? "" : "all");
      if (allowed[name].indexOf(wanted) < 0) {
        if (state[name]) { refused.push(name === "grain" ? "kind of period" : name); }
        wanted = (name === "grain" ? GRAIN_ORDER : ["all"].concat(allowed[name])).find(function (value) {
          return allowed[name].indexOf(value) >= 0;
        });
      }
      state[name] = wanted;
      here = here.filter(function (key) { return key[column] === wanted; });
    });
    var cells = series(cube, place, state.strand, state.sector, state.grain);
    if (!at(cells, state.period)) {
      if (state.period) { refused.push("period"); }
      state.period = newest(cells).start;
    }
    return { place: place, cells: cells, allowed: allowed };
  }

  function showChoices(state, settled) {
    choose.measure.value = state.measure;
    choose.region.value = state.region;
    options(choose.board).slice(1).forEach(function (option) {
      option.hidden = Boolean(state.region) && option.dataset.region !== state.region;
      option.disabled = option.hidden;
    });
    choose.board.value = state.board;
    ["strand", "sector", "grain"].forEach(function (name) {
      options(choose[name]).forEach(function (option) {
        option.disabled = settled.allowed[name].indexOf(option.value || "all") < 0;
        option.hidden = option.disabled;
      });
      choose[name].value = state[name] === "all" && name !== "grain" ? "" : state[name];
      choose[name].closest(".site-choice").hidden = settled.allowed[name].length < 2;
    });
    choose.period.textContent = "";
    settled.cells.slice().reverse().forEach(function (cell) {
      choose.period.add(new Option(cell.words, cell.start));
    });
    choose.period.value = state.period;
    choose.period.closest(".site-choice").hidden = settled.cells.length < 2;
  }

  function address(state, settled) {
    var query = new URLSearchParams();
    NAMES.forEach(function (name) {
      var usual = { measure: "", region: "", board: "", strand: "all", sector: "all", grain: "" };
      if (name === "period" && state.period === newest(settled.cells).start) { return; }
      if (state[name] && state[name] !== usual[name]) { query.set(name, state[name]); }
    });
    return "?" + query.toString();
  }

  function keepInAddress(query) {
    part("link").setAttribute("href", query);
    try {
      window.history.replaceState(null, "", query);
    } catch (error) { /* a file opened from disk may not change its address; the link carries it all the same */ }
  }

  // ---- drawing

  /* Names on as many lines as the room beside a chart needs. */
  function wrapped(text) {
    var room = narrowScreen.matches ? 18 : 30;
    return text.split(" ").reduce(function (lines, word) {
      var last = lines[lines.length - 1];
      if (last && (last + " " + word).length <= room) { lines[lines.length - 1] = last + " " + word; } else { lines.push(word); }
      return lines;
    }, []).join("<br>");
  }

  function axisOf(unit) {
    var rule = shared.rules[unit];
    return { tickprefix: rule.prefix, ticksuffix: rule.suffix, tickformat: unit === "rate" || unit === "ratio" ? ",.3~g" : ",.2~f",
      nticks: 6 };
  }

  function plot(name, traces, layout, height, words) {
    var frame = part(name);
    frame.setAttribute("role", "img");
    frame.setAttribute("aria-label", words);
    frame.hidden = !traces.length;
    if (!traces.length) { return Promise.resolve(); }
    var font = narrowScreen.matches ? { size: window.phipCharts.narrowFont } : {};
    var complete = Object.assign({ template: window.phipCharts.template, autosize: true, height: height, font: font }, layout);
    return window.phipPlotly().then(function (Plotly) {
      return Plotly.react(frame, traces, complete, window.phipCharts.config);
    });
  }

  function line(name, cells, unit, position) {
    return {
      type: "scatter", mode: cells.length > 24 ? "lines" : "lines+markers", name: name, uid: name, connectgaps: false,
      x: cells.map(function (cell) { return cell.grain === "year" ? cell.words : cell.start; }),
      y: cells.map(function (cell) { return cell.value; }),
      customdata: cells.map(function (cell) { return [name + ", " + cell.words, written(cell, unit)]; }),
      hovertemplate: "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
      line: { color: colours[position], dash: ["solid", "dash", "dot"][position], width: position ? 2 : 2.5 },
      marker: { color: colours[position], size: 7, symbol: ["circle", "square", "diamond"][position] }
    };
  }

  function band(cells) {
    var known = cells.filter(function (cell) { return cell.lower !== null && cell.upper !== null; });
    if (known.length < 2) { return []; }
    var back = known.slice().reverse();
    function x(cell) { return cell.grain === "year" ? cell.words : cell.start; }
    return [{
      type: "scatter", mode: "lines", name: shared.interval, uid: "band", hoverinfo: "skip", showlegend: false,
      x: known.map(x).concat(back.map(x)),
      y: known.map(function (cell) { return cell.upper; }).concat(back.map(function (cell) { return cell.lower; })),
      fill: "toself", fillcolor: window.phipCharts.bandFill, line: { width: 0, color: colours[0] }
    }];
  }

  function drawCourse(view) {
    var lines = [{ name: view.name, cells: view.cells }].concat(view.others).filter(function (each) {
      return each.cells.some(function (cell) { return cell.value !== null; });
    });
    var several = view.state.grain !== "all" && view.cells.length > 1 && lines.length > 0;
    var least = Math.min.apply(null, view.cells.map(function (cell) { return Math.min(cell.value || 0, cell.lower || 0); }));
    var traces = several ? band(view.cells).concat(lines.map(function (each, position) {
      return line(each.name, each.cells, view.unit, position);
    })) : [];
    part("course-note").textContent = several ? view.mixed :
      "There is one figure since the start, so there is no course to draw. " + view.mixed;
    return plot("course", traces, {
      xaxis: view.state.grain === "year" ? { type: "category", categoryorder: "category ascending", nticks: narrowScreen.matches ? 3 : 7 } : { type: "date", tickformat: "%b %Y", nticks: narrowScreen.matches ? 4 : 7 },
      yaxis: Object.assign(axisOf(view.unit), { rangemode: least < 0 ? "normal" : "tozero", zeroline: least < 0 }),
      margin: { l: 66, r: 20, t: lines.length > 1 ? 40 : 14, b: 36 },
      showlegend: lines.length > 1, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }
    }, 340, view.sentence);
  }

  function drawPlaces(view) {
    var shown = view.places.filter(function (each) { return each.cell && each.cell.value !== null; }).reverse();
    var trace = {
      type: "scatter", mode: "markers", uid: "places",
      x: shown.map(function (each) { return each.cell.value; }),
      y: shown.map(function (each) { return wrapped(each.name); }),
      customdata: shown.map(function (each) {
        return [each.name, written(each.cell, view.unit) + (interval(each.cell, view.unit) ? " (" + interval(each.cell, view.unit) + ")" : "")];
      }),
      hovertemplate: "%{customdata[0]}<br>%{customdata[1]}<extra></extra>", cliponaxis: false,
      marker: {
        size: 12,
        color: shown.map(function (each) { return each.code === view.place ? colours[3] : colours[0]; }),
        symbol: shown.map(function (each) { return each.code === view.place ? "diamond" : "circle"; })
      },
      error_x: {
        type: "data", symmetric: false, color: colours[0], thickness: 2, width: 0,
        array: shown.map(function (each) { return each.cell.upper === null ? 0 : each.cell.upper - each.cell.value; }),
        arrayminus: shown.map(function (each) { return each.cell.lower === null ? 0 : each.cell.value - each.cell.lower; })
      }
    };
    var england = view.england && view.england.value !== null ? view.england.value : null;
    var rule = england === null ? {} : {
      shapes: [{ type: "line", yref: "paper", y0: 0, y1: 1, x0: england, x1: england, layer: "below", line: { color: ink, width: 1.5, dash: "dash" } }],
      annotations: [{ yref: "paper", y: 1, yanchor: "bottom", x: england, text: "England " + plain(england, view.unit), showarrow: false }]
    };
    return plot("places", shown.length ? [trace] : [], Object.assign({
      xaxis: Object.assign(axisOf(view.unit), { showgrid: true, showline: false, rangemode: "tozero", nticks: narrowScreen.matches ? 4 : 6 }),
      yaxis: { type: "category", showgrid: false },
      margin: { l: narrowScreen.matches ? 130 : 230, r: 30, t: 30, b: 34 }
    }, rule), 80 + 34 * shown.length, part("places-title").textContent + ".");
  }

  // ---- tables and files

  function table(target, caption, heads, rows, numeric) {
    var made = document.createElement("table");
    made.className = "nhsuk-table";
    made.createCaption().textContent = caption;
    var head = made.createTHead().insertRow();
    heads.forEach(function (text, position) {
      var cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = text;
      cell.className = numeric[position] ? "site-number" : "";
      head.appendChild(cell);
    });
    var body = made.createTBody();
    rows.forEach(function (row) {
      var line = body.insertRow();
      row.forEach(function (text, position) {
        var cell = document.createElement(position ? "td" : "th");
        if (!position) { cell.scope = "row"; }
        cell.textContent = text;
        cell.className = numeric[position] ? "site-number" : "";
        line.appendChild(cell);
      });
    });
    var frame = document.createElement("div");
    frame.className = "site-scroll";
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", caption);
    frame.appendChild(made);
    target.textContent = "";
    target.appendChild(frame);
    var used = Object.keys(shared.symbols).filter(function (symbol) {
      return rows.some(function (row) { return row.some(function (text) { return text.indexOf("[" + symbol + "]") >= 0; }); });
    });
    if (used.length) {
      var note = document.createElement("p");
      note.className = "site-note";
      note.textContent = used.map(function (symbol) { return "[" + symbol + "] " + shared.symbols[symbol]; }).join("; ") + ".";
      target.appendChild(note);
    }
  }

  function quoted(text) {
    var safe = /^[=+\-@\t\r\n']/.test(text) && isNaN(Number(text)) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? "\"" + safe.replace(/"/g, "\"\"") + "\"" : safe;
  }

  function offer(link, name, heads, rows) {
    var lines = [heads].concat(rows).map(function (row) {
      return row.map(function (each) { return quoted(each === null ? "" : String(each)); }).join(",");
    });
    if (link.href.indexOf("blob:") === 0) { URL.revokeObjectURL(link.href); }
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = name + ".csv";
  }

  function numbers(cell) {
    if (!cell) { return [null, null, null, null, null, "x"]; }
    return [cell.value, cell.lower, cell.upper, cell.numerator, cell.denominator, cell.symbol];
  }

  var FILE_HEADS = ["measure", "unit", "place_code", "place", "strand", "sector", "kind_of_period", "period_start", "period",
    "value", "lower_95", "upper_95", "numerator", "denominator", "symbol"];

  function fileRow(view, code, name, cell) {
    var about = [view.state.measure, view.unit, code, name, view.state.strand, view.state.sector, view.state.grain];
    var period = cell ? [cell.start, cell.words] : [view.now.start, view.now.words];
    return about.concat(period, numbers(cell));
  }

  function listAll(view) {
    var other = view.others.map(function (each) { return each.name; });
    table(part("course-table"), view.label + ", " + view.name + view.cut, ["Period", view.name, shared.interval].concat(other),
      view.cells.slice().reverse().map(function (cell) {
        return [cell.words, written(cell, view.unit), interval(cell, view.unit) || "\u2013"].concat(
          view.others.map(function (each) { return written(at(each.cells, cell.start), view.unit); }));
      }), [false, true, true].concat(other.map(function () { return true; })));
    table(part("places-table"), view.label + ", " + view.now.words + view.cut, ["Place", "Code", "Value", shared.interval],
      view.places.concat(view.england ? [{ code: shared.england[0], name: shared.england[1], cell: view.england }] : []).map(function (each) {
        return [each.name, each.code, written(each.cell, view.unit), interval(each.cell, view.unit) || "\u2013"];
      }), [false, false, true, true]);
    var file = ["explore", view.state.measure, view.place, shared.release].join("-");
    offer(part("course-csv"), file, FILE_HEADS, view.cells.map(function (cell) { return fileRow(view, view.place, view.name, cell); }));
    offer(part("places-csv"), file + "-places", FILE_HEADS, view.places.map(function (each) {
      return fileRow(view, each.code, each.name, each.cell);
    }));
  }

  // ---- words

  function nameOf(code) {
    var found = boards.concat(regions).find(function (each) { return each.code === code; });
    return found ? found.name : shared.england[1];
  }

  function sentence(view) {
    var now = view.now;
    if (now.value === null) {
      return view.label + ", " + view.name + ", " + now.words + ": " + (shared.symbols[now.symbol] || "not available") + ".";
    }
    var text = view.label + ", " + view.name + view.cut + ": " + plain(now.value, view.unit) + " " + inPeriod(now);
    var bounds = interval(now, view.unit);
    var direction = course(now, yearBefore(view.cells, now), view.unit);
    return text + (bounds ? " (" + shared.interval + " " + bounds + ")" : "") + (direction ? ", " + direction : "") + ".";
  }

  function placesTitle(view) {
    var shown = view.places.filter(function (each) { return each.cell && each.cell.value !== null; });
    if (!shown.length) { return "No number of these places can be shown for " + view.now.words; }
    var values = shown.map(function (each) { return each.cell.value; });
    var low = plain(Math.min.apply(null, values), view.unit);
    var high = plain(Math.max.apply(null, values), view.unit);
    return low + " to " + high + " across " + shown.length + " " + view.kind + " " + inPeriod(view.now);
  }

  function courseTitle(view) {
    if (view.now.value === null) { return view.name + ": no number " + inPeriod(view.now); }
    var direction = course(view.now, yearBefore(view.cells, view.now), view.unit);
    return view.name + ": " + plain(view.now.value, view.unit) + " " + inPeriod(view.now) + (direction ? ", " + direction : "");
  }

  function look(state, settled, cube) {
    var about = shared.measures[state.measure];
    var comparable = shared.comparable.indexOf(about.unit) >= 0 && state.sector === "all";
    var england = series(cube, shared.england[0], state.strand, state.sector, state.grain);
    var others = [];
    if (comparable && state.board && state.region) {
      others.push({ name: nameOf(state.region), cells: series(cube, state.region, state.strand, state.sector, state.grain) });
    }
    if (comparable && settled.place !== shared.england[0]) { others.push({ name: shared.england[1], cells: england }); }
    var within = state.region ? boards.filter(function (each) { return each.region === state.region; }) : regions;
    var cut = [["strand", state.strand], ["sector", state.sector]].filter(function (pair) { return pair[1] !== "all"; })
      .map(function (pair) { return ", " + words[pair[0]][pair[1]].toLowerCase(); }).join("");
    var view = {
      state: state, place: settled.place, name: nameOf(settled.place), cells: settled.cells, label: about.label, unit: about.unit,
      cut: cut, others: others.filter(function (each) { return each.cells.length; }), now: at(settled.cells, state.period),
      kind: state.region ? "boards" : "regions", england: comparable ? at(england, state.period) : null,
      places: within.map(function (each) {
        return { code: each.code, name: each.name, cell: at(series(cube, each.code, state.strand, state.sector, state.grain), state.period) };
      }),
      mixed: comparable ? "" : "A count: larger places have more, so places are not held against England."
    };
    view.sentence = sentence(view);
    return view;
  }

  function say(view, refused) {
    part("course-title").textContent = courseTitle(view);
    part("course-subtitle").textContent = view.label + view.cut + ", " + words.grain[view.state.grain].toLowerCase();
    part("places-title").textContent = placesTitle(view);
    part("places-subtitle").textContent = view.label + view.cut + ", in order of name, " + view.now.words;
    part("places-note").textContent = "Differences smaller than the intervals may be chance. Orange diamond: the place chosen.";
    part("why").textContent = shared.measures[view.state.measure].why;
    part("quality").textContent = shared.measures[view.state.measure].quality;
    part("definition").setAttribute("href", box.dataset.root + shared.measures[view.state.measure].definition);
    var fallen = refused.length ? " The " + refused.join(" and ") + " asked for is not published here, so another is shown." : "";
    part("said").textContent = view.sentence + fallen;
  }

  function show(state, fromAddress) {
    var mine = ++turn;
    var refused = [];
    box.dataset.busy = "yes";
    settleMeasure(state, refused);
    return loadCube(state.measure).then(function (cube) {
      if (mine !== turn) { return null; }
      var settled = settle(state, cube, refused);
      var view = look(state, settled, cube);
      showChoices(state, settled);
      keepInAddress(address(state, settled));
      listAll(view);
      say(view, fromAddress ? refused : []);
      return Promise.all([drawCourse(view), drawPlaces(view)]);
    }).then(function () {
      if (mine === turn) { delete box.dataset.busy; }
    }).catch(function () {
      part("said").textContent = "These figures could not be loaded. They are in the files to download.";
      delete box.dataset.busy;
    });
  }

  box.hidden = false;
  NAMES.forEach(function (name) {
    choose[name].addEventListener("change", function () {
      var state = fromForm();
      if (name === "region") { state.board = ""; }
      if (name === "measure" || name === "grain") { state.period = ""; }
      show(state, false);
    });
  });
  box.querySelector("form").addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("popstate", function () { show(asked(), true); });
  show(asked(), true);
}());
