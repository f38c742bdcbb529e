/** The handset's looks: one telephone in the middle, green to answer, red to end. */

export const style = `
:root{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--edge:#87919b;--accent:#0b6e6e;--live:#12805c;--danger:#c22a22;--on:#fff;color-scheme:light}
@media (prefers-color-scheme:dark){:root{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--edge:#7d8791;--accent:#4fc4c0;--live:#43c796;--danger:#ff7a70;--on:#101316;color-scheme:dark}}
*{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}
[hidden]{display:none!important}
html{background:var(--sunk)}
body{min-height:100dvh;display:grid;grid-template-columns:minmax(0,1fr);place-items:center;padding:12px;font:400 16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink)}
.handset{display:flex;flex-direction:column;align-items:center;gap:12px;width:100%;max-width:340px;min-height:min(600px,calc(100dvh - 24px));padding:28px 20px;text-align:center;background:var(--ground);border:1px solid var(--edge);border-radius:32px}
.own{color:var(--soft);font-variant-numeric:tabular-nums}
h1{font-size:18px;font-weight:600}
.from{font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}
.time,.digits{font-variant-numeric:tabular-nums;color:var(--soft)}
.pad,.dialler{display:flex;flex-direction:column;gap:12px;width:100%;flex:1}
.entry{display:flex;align-items:center;gap:4px;border-block-end:1px solid var(--edge)}
.entry input{flex:1;width:100%;min-width:0;height:48px;padding-inline:40px 0;border:0;background:none;text-align:center;font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}
.entry input::placeholder{color:var(--soft);font-weight:400}
.round{display:grid;place-items:center;width:40px;min-height:40px;padding:0;background:none}
.recents{list-style:none;display:flex;flex-direction:column}
.recents button{display:flex;justify-content:space-between;gap:8px;width:100%;min-height:44px;padding-inline:12px;border-radius:12px;background:none;font-variant-numeric:tabular-nums}
.recents button:hover{background:var(--sunk)}
.recents span{color:var(--soft);font-size:14px}
.recents .missed span{color:var(--danger)}
.keys small{display:block;font-size:12px;line-height:1;color:var(--soft)}
.sheet{width:min(340px,calc(100vw - 24px));max-height:calc(100dvh - 24px);margin:auto;padding:20px;color:var(--ink);background:var(--ground);border:1px solid var(--edge);border-radius:24px}
.sheet::backdrop{background:#0008}
.sheet header{display:flex;align-items:center;justify-content:space-between;margin-block-end:8px}
.sheet h2{font-size:18px;font-weight:600}
.sheet form{display:flex;flex-direction:column;gap:4px}
.sheet label{font-size:14px;color:var(--soft)}
.sheet input,.sheet textarea{width:100%;padding:10px 12px;background:var(--sunk);border:1px solid var(--edge);border-radius:12px}
.sheet textarea{min-height:88px;resize:vertical}
.sheet form button{margin-block-start:12px;font-weight:600}
.log{max-height:35dvh;overflow:auto;border-radius:12px;margin-block-end:8px}
.sent{list-style:none;display:flex;flex-direction:column;gap:8px}
.sent li{padding:8px 12px;background:var(--sunk);border-radius:12px;overflow-wrap:anywhere}
.sent .whom,.became{font-size:13px;color:var(--soft)}
.sent [data-state=failed] .became{color:var(--danger)}
.sent [data-state=sent] .became{color:var(--accent)}
.keys{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;width:100%}
button{min-height:48px;cursor:pointer;border:1px solid transparent;border-radius:999px;background:var(--sunk);touch-action:manipulation}
.keys button{font-size:20px;font-weight:600}
.acts{display:flex;flex-wrap:wrap;justify-content:center;gap:12px;margin-block-start:auto;width:100%}
.acts button{display:inline-flex;align-items:center;justify-content:center;gap:8px;flex:1 1 120px;min-height:56px;padding:8px 12px;font-weight:600;white-space:nowrap}
.green{color:var(--on);background:var(--live)}
.red{color:var(--on);background:var(--danger)}
[aria-pressed=true]{border-color:var(--accent);color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.i{flex:none;width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
[data-state=ringing] .green .i{animation:ring 1s infinite ease-in-out}
@keyframes ring{25%{transform:rotate(-3deg)}75%{transform:rotate(3deg)}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
.green .i-end{rotate:-135deg}
@media (forced-colors:active){button{border-color:ButtonText}}
`;
