// The edge between two parts of the page: drawn along by a pointer, or moved by arrows; kept in this browser.
import { useEffect, useState } from "react";
import { jsx } from "@emotion/react";

const STEP = 16; // pixels an arrow moves it
const KEPT = "maestro-width-"; // appearance.js puts what is kept before the first paint

const largest = (most) => Math.min(most, Math.floor(innerWidth / 2));

export const Separator = ({ of, usual, least, most, grows, label }) => {
  const [width, setWidth] = useState(usual);
  const [range, setRange] = useState(most);
  const put = (wanted) => {
    const now = Math.round(Math.max(least, Math.min(largest(most), wanted)));
    setWidth(now);
    document.documentElement.style.setProperty(`--width-${of}`, `${now}px`);
    try { localStorage.setItem(KEPT + of, String(now)); } catch { /* until the page is left */ }
  };
  useEffect(() => {
    setRange(largest(most));
    setWidth(document.getElementById(of)?.offsetWidth || usual);
  }, []);
  const by = grows === "left" ? -1 : 1;
  const keys = {
    ArrowLeft: () => put(width - by * STEP),
    ArrowRight: () => put(width + by * STEP),
    Home: () => put(least),
    End: () => put(most),
    Enter: () => put(usual),
  };
  return jsx("div", {
    role: "separator", tabIndex: 0, className: `separator grows-${grows}`, title: label,
    "aria-label": label, "aria-orientation": "vertical", "aria-controls": of,
    "aria-valuenow": width, "aria-valuemin": least, "aria-valuemax": range,
    onKeyDown: (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    },
    onPointerDown: (event) => event.currentTarget.setPointerCapture(event.pointerId),
    onPointerMove: ({ currentTarget, pointerId, clientX }) => {
      if (!currentTarget.hasPointerCapture(pointerId)) return;
      const { left, right } = document.getElementById(of).getBoundingClientRect();
      put(grows === "left" ? right - clientX : clientX - left);
    },
    onDoubleClick: () => put(usual),
  });
};
