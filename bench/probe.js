// Runs in the measured page: notes which token was in the document when a frame's layout had ended, and when it was painted.
// %SEL% is replaced by the css of an answer.
(() => {
  if (window.__b) return;
  const b = (window.__b = {
    sel: %SEL%, tag: null, max: -1, rec: [], dirty: true, long: [], fr: [], on: false, tEnter: 0, lastMut: 0, paint1: 0,
  });
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) b.long.push([entry.startTime, entry.duration]);
    }).observe({ type: 'longtask', buffered: true });
  } catch (e) {}
  addEventListener('keydown', (e) => { if (e.key === 'Enter') b.tEnter = performance.now(); }, true);

  // The newest token of this run among the last three answers.
  b.scan = () => {
    const els = document.querySelectorAll(b.sel);
    if (!els.length) return -1;
    const end = 'x' + b.tag + 'z';
    for (let k = els.length - 1; k >= Math.max(0, els.length - 3); k--) {
      const text = els[k].textContent;
      const j = text.lastIndexOf(end);
      if (j < 0) continue;
      const i = text.lastIndexOf('q', j);
      const v = +text.slice(i + 1, j);
      if (v >= 0) return v;
    }
    return -1;
  };

  // How many distinct tokens of this run are in the document.
  b.count = () => {
    const seen = new Set();
    const token = new RegExp('q(\\d+)x' + b.tag + 'z', 'g');
    for (const e of document.querySelectorAll(b.sel)) {
      for (const m of e.textContent.matchAll(token)) seen.add(m[1]);
    }
    return seen.size;
  };

  b.start = (tag) => {
    Object.assign(b, { tag, max: -1, rec: [], dirty: true, long: [], fr: [], last: 0, tEnter: 0 });
    if (b.on) return;
    b.on = true;
    const probe = document.createElement('div');
    probe.style.cssText = 'position:fixed;left:-9px;top:0;width:1px;height:1px;contain:strict;pointer-events:none';
    document.documentElement.append(probe);
    new MutationObserver((list) => {
      for (const m of list) {
        if (m.target !== probe) { b.dirty = true; b.lastMut = performance.now(); return; }
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });

    const channel = new MessageChannel();
    let pending = -1;
    channel.port1.onmessage = () => {
      if (pending >= 0) { b.rec.push([pending, performance.now()]); pending = -1; }
    };
    // Fires after layout and right before paint of this very frame, after every other rAF callback: what it sees is what gets painted.
    new ResizeObserver(() => {
      if (!b.dirty || b.tag === null) return;
      b.dirty = false;
      const v = b.scan();
      if (v > b.max) { b.max = v; pending = v; channel.port2.postMessage(0); }
    }).observe(probe);

    let flip = 0;
    const loop = (t) => {
      if (b.last) { const d = t - b.last; if (d > 25) b.fr.push([t, d]); }
      b.last = t;
      probe.style.width = 1 + (flip ^= 1) + 'px';
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  };
})()
