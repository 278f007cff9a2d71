// Every two pieces of text of the page that lie on each other, as "one | other".
() => {
  const ROOM = 3;

  function shown(box, holder) {
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let at = holder; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.clipPath !== "none") return null;
      if (at instanceof SVGElement || style.overflowX === "visible") continue;
      const edge = at.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    return right - left > ROOM && bottom - top > ROOM ? { left, top, right, bottom } : null;
  }

  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const found = shown(box, node.parentElement);
      if (found) pieces.push({ ...found, text: node.data.trim() });
    }
  }
  const found = [];
  pieces.forEach((one, at) => {
    for (const other of pieces.slice(at + 1)) {
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (wide > ROOM && high > ROOM) found.push(`${one.text} | ${other.text}`);
    }
  });
  return found;
}
