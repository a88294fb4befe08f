// Draws the page's Mermaid diagrams, with the Mermaid that the site carries itself (documentation/site_hooks.py).
const diagrams = document.querySelectorAll(".diagram");

async function draw() {
  const { mermaid } = await import(new URL("mermaid/index.js", import.meta.url));
  const isDark = document.body.getAttribute("data-md-color-scheme") === "slate";
  mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "neutral" });
  for (const [number, diagram] of diagrams.entries()) {
    diagram.source ??= diagram.textContent;
    diagram.innerHTML = (await mermaid.render(`diagram-${number}`, diagram.source)).svg;
  }
}

if (diagrams.length) {
  await draw();
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}
