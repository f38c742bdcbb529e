/** The handset's looks: one telephone in the middle, green to answer, red to end. */

export const style = `
:root{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--edge:#87919b;--accent:#0b6e6e;--live:#12805c;--danger:#c22a22;--on:#fff;color-scheme:light}
@media (prefers-color-scheme:dark){:root{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--edge:#7d8791;--accent:#4fc4c0;--live:#43c796;--danger:#ff7a70;--on:#101316;color-scheme:dark}}
*{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}
[hidden]{display:none!important}
html{background:var(--sunk)}
body{min-height:100dvh;display:grid;place-items:center;padding:12px;font:400 16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink)}
.handset{display:flex;flex-direction:column;align-items:center;gap:12px;width:100%;max-width:340px;min-height:min(600px,calc(100dvh - 24px));padding:28px 20px;text-align:center;background:var(--ground);border:1px solid var(--edge);border-radius:32px}
.own{color:var(--soft);font-variant-numeric:tabular-nums}
h1{font-size:18px;font-weight:600}
.from{font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}
.time,.digits{font-variant-numeric:tabular-nums;color:var(--soft)}
.keys{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;width:100%}
button{min-height:48px;cursor:pointer;border:1px solid transparent;border-radius:999px;background:var(--sunk);touch-action:manipulation}
.keys button{font-size:20px;font-weight:600}
.acts{display:flex;flex-wrap:wrap;justify-content:center;gap:12px;margin-block-start:auto;width:100%}
.acts button{display:inline-flex;align-items:center;justify-content:center;gap:8px;flex:1 1 120px;min-height:56px;padding:8px 16px;font-weight:600}
.green{color:var(--on);background:var(--live)}
.red{color:var(--on);background:var(--danger)}
[aria-pressed=true]{border-color:var(--accent);color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.i{flex:none;width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
[data-state=ringing] .green .i{animation:ring 1s infinite ease-in-out}
@keyframes ring{25%{transform:rotate(-3deg)}75%{transform:rotate(3deg)}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
@media (forced-colors:active){button{border-color:ButtonText}}
`;
