// A QR code as a drawing. The library comes when the first one is shown.
import { html, useEffect, useState } from '../html.js';

/** @param {{text: string, label: string}} props */
export function Qr({ text, label }) {
  const [drawn, setDrawn] = useState({ size: 1, path: '' });
  useEffect(() => {
    let stale = false;
    import('uqr').then(
      ({ encode }) => stale || setDrawn(draw(encode(text, { ecc: 'M', border: 3 }))),
      () => {},
    );
    return () => void (stale = true);
  }, [text]);
  const { size, path } = drawn;
  return html`<svg
    class="qr"
    role="img"
    aria-label=${label}
    viewBox=${`0 0 ${size} ${size}`}
    shape-rendering="crispEdges"
  >
    <rect width=${size} height=${size} fill="#fff" />
    <path d=${path} fill="#000" />
  </svg>`;
}

/** @param {{size: number, data: boolean[][]}} code */
function draw({ size, data }) {
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return { size, path };
}
