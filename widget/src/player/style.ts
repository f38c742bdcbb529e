/** The player's looks: the product's tokens, then from top to bottom. */

export const style = `
:root{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--line:#dfe3e7;--accent:#0b6e6e;--on-accent:#fff;--mark:#ffe9a8;--rest:#c3cbd2;--played:#0b6e6e;color-scheme:light}
@media (prefers-color-scheme:dark){:root{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--line:#343a41;--accent:#4fc4c0;--on-accent:#04201f;--mark:#5c4a12;--rest:#4a525a;--played:#4fc4c0;color-scheme:dark}}
@media (forced-colors:active){:root{--played:Highlight;--rest:CanvasText}.bubble,.card,button,select,input{border:1px solid}.bubble[aria-current]{outline:2px solid Highlight}}
*{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}
[hidden]{display:none!important}
body{min-height:100dvh;font:400 15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
html[lang^=ar] body{font-size:16px;line-height:1.65}
main{display:flex;flex-direction:column;gap:16px;max-width:760px;min-height:100dvh;margin:auto;padding:16px}
.failure{align-items:center;justify-content:center;text-align:center}
h1{font-size:18px;font-weight:600}h2{font-size:15px;font-weight:600}
.soft,.code{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
button,select,input,.button{min-height:36px;padding:4px 14px;border:1px solid var(--line);border-radius:18px;background:var(--ground);text-decoration:none;display:inline-flex;align-items:center;cursor:pointer}
select option{background:var(--ground)}
button[aria-pressed=true],.play{background:var(--accent);color:var(--on-accent);border-color:transparent}
.play{min-height:44px;min-width:96px;justify-content:center;font-weight:600}
canvas{display:block;width:100%;height:96px;touch-action:none;cursor:pointer;direction:ltr;border-radius:8px}
.bar{display:flex;flex-wrap:wrap;gap:8px;align-items:center}.bar .time{margin-inline-start:auto;font-variant-numeric:tabular-nums}
.card{padding:14px 16px;border:1px solid var(--line);border-radius:14px;display:grid;gap:8px}
dl{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:13px}dt{display:inline;color:var(--soft)}dd{display:inline;font-weight:600}dl div{display:flex;gap:6px}
input[type=search]{flex:1;min-width:160px}
.log{list-style:none;display:flex;flex-direction:column;gap:6px}
.bubble{display:block;width:fit-content;max-width:82%;height:auto;padding:8px 14px;text-align:start;border-radius:14px;background:var(--sunk);border:1px solid transparent}
.ours .bubble{margin-inline-start:auto}
.bubble[aria-current]{border-color:var(--accent)}
.bubble .code{display:block}
mark{background:var(--mark)}
.skeleton{height:96px;border-radius:8px;background:var(--sunk)}
`;
