// The name of the tab: the session's, and before it how many sessions need the person; the icon says so too.
import { useEffect } from "react";

const icon = (file) => document.querySelector("link[rel=icon]")?.setAttribute("href", file);

export const Naming = ({ name, asks, own }) => {
  useEffect(() => {
    document.title = [asks ? `(${asks})` : "", name === own ? own : `${name} · ${own}`].filter(Boolean).join(" ");
    icon(asks ? "/icon-asks.svg" : "/icon.svg");
    return () => icon("/icon.svg");
  }, [name, asks, own]);
  return null;
};
