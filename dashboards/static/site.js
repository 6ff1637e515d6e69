/* Draws charts when they are scrolled to, and narrows tables by what is typed. The pages are complete without it. */
(function () {
  "use strict";
  var plotlyAddress = document.currentScript.dataset.plotly;
  var narrowScreen = window.matchMedia("(max-width: 640px)");
  var loading = null;
  document.documentElement.classList.add("js");

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
    if (!narrowScreen.matches) { return spec.data; }
    return spec.data.map(function (trace, position) {
      return Object.assign({}, trace, spec.narrowData[position]);
    });
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
      if (collapsed && region) { region.hidden = !words.length; }
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
  drawWhenSeen();
}());
