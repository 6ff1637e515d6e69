/* Draws charts when they are scrolled to, and narrows tables by what is typed. The pages are complete without it. */
(function () {
  "use strict";
  var plotlyAddress = document.currentScript.dataset.plotly;
  var narrowScreen = window.matchMedia("(max-width: 640px)");
  var loading = null;
  var network = askedFor();
  document.documentElement.classList.add("js");

  window.phipPlotly = loadPlotly; // the Explore page draws with the same library

  function loadPlotly() {
    loading = loading || new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = plotlyAddress;
      script.onload = function () { resolve(window.Plotly); };
      script.onerror = reject;
      document.head.appendChild(script);
    });
    return loading;
  }

  function layoutOf(spec) {
    var shared = { template: window.phipCharts.template, autosize: true };
    if (!narrowScreen.matches) { return Object.assign({}, spec.layout, shared); }
    return Object.assign({}, spec.layout, spec.narrow, shared, { font: { size: window.phipCharts.narrowFont } });
  }

  function dataOf(spec) {
    var data = spec.data;
    if (narrowScreen.matches) {
      data = data.map(function (trace, position) { return Object.assign({}, trace, spec.narrowData[position]); });
    }
    return data.concat(data.map(ringOf).filter(Boolean));
  }

  // The network that ?pcn= of the address names; anything but a code counts as none.
  function askedFor() {
    var code = (new URLSearchParams(window.location.search).get("pcn") || "").toUpperCase();
    return /^[A-Z0-9]{1,12}$/.test(code) ? code : "";
  }

  // A ring around the dot of that network, and its name on the side where there is room.
  function ringOf(trace) {
    var position = network && trace.ids ? trace.ids.indexOf(network) : -1;
    if (position < 0) { return null; }
    var middle = (Math.min.apply(null, trace.x) + Math.max.apply(null, trace.x)) / 2;
    return {
      type: "scatter", mode: "markers+text", x: [trace.x[position]], y: [trace.y[position]],
      text: [trace.customdata[position][0]], textposition: trace.x[position] < middle ? "top right" : "top left",
      marker: { symbol: "circle-open", size: 20, color: "#212b32", line: { width: 3 } },
      cliponaxis: false, hoverinfo: "skip"
    };
  }

  function pair(list, term, text) {
    var entry = document.createElement("div");
    [["dt", term], ["dd", text]].forEach(function (part) {
      entry.appendChild(document.createElement(part[0])).textContent = part[1];
    });
    list.appendChild(entry);
  }

  function ownText(cell) {
    var copy = cell.cloneNode(true);
    copy.querySelectorAll("details").forEach(function (more) { more.remove(); });
    return copy.textContent.trim();
  }

  // The row of the network in a table: an entry for each column, or one for all of a chart.
  function tellOf(table, list) {
    var heads = Array.prototype.map.call(table.tHead.rows[0].cells, function (cell) { return cell.textContent; });
    var figure = table.closest("figure");
    Array.prototype.forEach.call(table.tBodies[0].rows, function (line) {
      if (line.cells[1].textContent !== network) { return; }
      line.classList.add("is-chosen");
      var told = heads.slice(2).map(function (head, position) { return [head, ownText(line.cells[position + 2])]; });
      if (!figure) { told.forEach(function (part) { pair(list, part[0], part[1]); }); return; }
      pair(list, figure.querySelector(".site-chart__subtitle").textContent,
        told.map(function (part) { return part[0] + ": " + part[1]; }).join("; "));
    });
  }

  // What every table of the page says of the network, in one list.
  function showNetwork() {
    var view = document.getElementById("network-view");
    if (!view || !network) { return; }
    var row = document.getElementById(network.toLowerCase());
    var known = row !== null && row.closest("#networks") !== null;
    view.hidden = false;
    if (!known) {
      document.getElementById("network-view-said").textContent = "No network of this board has the code " + network + ".";
      return;
    }
    document.getElementById("network-view-title").textContent = ownText(row.cells[0]) + " (" + network + ")";
    var list = view.querySelector("dl");
    var practices = Array.prototype.map.call(row.querySelectorAll("li"), function (item) { return item.textContent; });
    if (practices.length) { pair(list, "Practices", practices.join("; ")); }
    ["#networks table", "figure table"].forEach(function (where) {
      document.querySelectorAll(where).forEach(function (table) { tellOf(table, list); });
    });
    window.addEventListener("load", function () { view.scrollIntoView(); });
  }

  function draw(frame) {
    var spec = JSON.parse(document.getElementById(frame.dataset.chart).textContent);
    var live = document.createElement("div");
    live.className = "site-chart__live";
    live.setAttribute("aria-hidden", "true"); // the picture under it keeps the text alternative
    frame.appendChild(live);
    return loadPlotly().then(function (Plotly) {
      return Plotly.newPlot(live, dataOf(spec), layoutOf(spec), window.phipCharts.config);
    }).then(function () {
      frame.classList.add("is-live");
      narrowScreen.addEventListener("change", function () {
        window.Plotly.react(live, dataOf(spec), layoutOf(spec), window.phipCharts.config);
      });
    }).catch(function () {
      live.remove(); // the picture stays
    });
  }

  function drawWhenSeen() {
    var frames = document.querySelectorAll("[data-chart]");
    if (!("IntersectionObserver" in window) || !window.phipCharts) { return; }
    var observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) {
          observer.unobserve(entry.target);
          draw(entry.target);
        }
      });
    }, { rootMargin: "100px" });
    frames.forEach(function (frame) { observer.observe(frame); });
  }

  function folded(text) {
    return text.toLowerCase().normalize("NFD").replace(/[^a-z0-9]+/g, " ").trim();
  }

  function keepInAddress(words) {
    try {
      var address = new URL(window.location.href);
      if (words) { address.searchParams.set("q", words); } else { address.searchParams.delete("q"); }
      window.history.replaceState(null, "", address);
    } catch (error) { /* a file opened from disk may not change its address */ }
  }

  function prepareFilter(box) {
    var input = box.querySelector("input");
    var count = box.querySelector("[role=status]");
    var rows = Array.prototype.slice.call(document.getElementById(box.dataset.filter).tBodies[0].rows);
    var collapsed = "collapsed" in box.dataset;
    var region = rows.length ? rows[0].closest(".site-scroll") : null;
    var texts = rows.map(function (row) { return folded(row.textContent); });
    function narrow() {
      var words = folded(input.value).split(" ").filter(Boolean);
      var shown = 0;
      rows.forEach(function (row, position) {
        row.hidden = !words.every(function (word) { return texts[position].includes(word); });
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = words.length ? shown + " of " + rows.length + " shown" : "";
      if (collapsed && region) { region.classList.toggle("is-found", words.length > 0); }
    }
    box.hidden = false;
    input.value = new URLSearchParams(window.location.search).get("q") || "";
    narrow();
    input.addEventListener("input", function () {
      narrow();
      keepInAddress(input.value.trim());
    });
  }

  document.querySelectorAll("[data-filter]").forEach(prepareFilter);
  showNetwork();
  drawWhenSeen();
}());
