/** The softphone's looks: the widget's tokens, then from top to bottom. */

const DARK =
  "{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--line:#343a41;--edge:#7d8791;--accent:#4fc4c0;--on-accent:#04201f;--live:#43c796;--warn:#f2bd5b;--warn-ground:#2e2718;--danger:#ff7a70;--on-danger:#1d0705;--listen:#b9b0ff;--listen-ground:#262243;color-scheme:dark}";

export const style = `
:root{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--line:#dfe3e7;--edge:#87919b;--accent:#0b6e6e;--on-accent:#fff;--live:#12805c;--warn:#8a5a00;--warn-ground:#fff6e0;--danger:#c22a22;--on-danger:#fff;--listen:#4b3fa8;--listen-ground:#efedfb;--r:14px;color-scheme:light}
@media (prefers-color-scheme:dark){:root:not([data-theme=light])${DARK}}
:root[data-theme=dark]${DARK}
*{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}
[hidden]{display:none!important}
html{height:100%;background:var(--ground)}
body{height:100%;font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--ground);text-align:start}
:lang(ar) body,html[lang^=ar] body{font-size:16px;line-height:1.65}
button,select,input,textarea{touch-action:manipulation}
button{cursor:pointer;border:0;background:none;border-radius:999px}
button:disabled{cursor:default}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.i{flex:none;width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.i-keypad{stroke-width:3.2}
.hush{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.phone{display:flex;flex-direction:column;height:100dvh;min-height:300px;max-width:720px;margin:auto;overflow:hidden}
header{display:grid;gap:8px;padding:14px 16px 12px;border-block-end:1px solid var(--line)}
.phone[data-role=listen] header{background:var(--listen-ground)}
.state{display:flex;align-items:center;gap:8px;min-height:32px;min-width:0}
h1{font-size:15px;font-weight:600;line-height:1.3}
.state h1{color:var(--tone)}
.state time{font-variant-numeric:tabular-nums;color:var(--soft)}
.dot{flex:none;width:9px;height:9px;border-radius:50%;background:var(--tone)}
.phone{--tone:var(--soft)}
.phone[data-state=on]{--tone:var(--live)}
.phone:is([data-state=held],[data-state=lost],[data-state=asking],[data-state=transferring]){--tone:var(--warn)}
.phone:is([data-state=dialing],[data-state=ringing],[data-state=connecting]){--tone:var(--accent)}
.phone:is([data-state=dialing],[data-state=ringing],[data-state=connecting],[data-state=lost],[data-state=asking],[data-state=transferring]) .dot{animation:blink 1.2s infinite alternate ease-in-out}
@keyframes blink{to{opacity:.25}}
.rec{display:inline-flex;align-items:center;gap:6px;min-height:32px;margin-inline-start:auto;padding:2px 10px;font-size:13px;color:var(--soft);border-radius:999px;white-space:nowrap;min-width:0}
.rec span{overflow:hidden;text-overflow:ellipsis}
button.rec{border:1px solid var(--line)}
button.rec:hover{background:var(--sunk)}
.rec i{flex:none;width:8px;height:8px;border-radius:50%;background:var(--live)}
.rec.paused{color:var(--warn)}
.rec.paused i{border-radius:1px;background:var(--warn)}
.who{display:flex;align-items:center;gap:12px}
.name{flex:1;min-width:0}
.name h2{font-size:24px;font-weight:600;line-height:1.25;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
html[lang^=ar] .name h2{line-height:1.5}
.name p{color:var(--soft);font-variant-numeric:tabular-nums}
.mark{flex:none;width:75px;height:60px;padding:6px}
.arcs{width:100%;height:100%;overflow:visible;fill:none;stroke-linecap:round}
.arcs g{--l:0}
.arcs circle{stroke-width:9;stroke-dasharray:100 260;stroke-dashoffset:50;transition:opacity .2s linear}
.arcs .you circle{stroke-dashoffset:-130}
.arcs .you{stroke:var(--ink);transform:translateX(calc(var(--l)*-5px));transition:transform .2s linear}
.arcs .agent{stroke:var(--accent);transform:translateX(calc(var(--l)*5px));transition:transform .2s linear}
.arcs .a1{opacity:calc(var(--l)*1.6 - .1)}
.arcs .a2{opacity:calc(var(--l)*1.6 - .7)}
.phone[data-state=ended] .arcs g{stroke:var(--edge)}
.phone:is([data-state=dialing],[data-state=ringing]) .you :is(.a1,.a2){animation:ripple 1.2s infinite ease-in-out}
.arcs .a2{animation-delay:.25s!important}
@keyframes ripple{50%{opacity:.6}}
.hidden-note{display:flex;align-items:center;gap:8px;font-weight:600;color:var(--listen)}
.people{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;font-size:13px;color:var(--soft)}
html[lang^=ar] .people{font-size:14px}
.people li{display:flex;align-items:center;gap:6px;min-width:0}
.people i{flex:none;width:8px;height:8px;border:2px solid var(--edge);border-radius:50%}
.people .joined i{background:currentColor;border-color:currentColor}
.people .joined.customer i{color:var(--ink)}
.people .joined.ours i{color:var(--accent)}
.people bdi{color:var(--ink);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.middle{position:relative;flex:1;min-height:0;display:flex;flex-direction:column}
.log{flex:1;min-height:0;overflow:auto;overscroll-behavior:contain;display:flex;flex-direction:column;gap:6px;padding:16px;outline-offset:-4px!important}
.empty{margin:auto;color:var(--soft);text-align:center;text-wrap:balance}
.row{max-width:min(84%,68ch);padding:8px 14px;border-radius:var(--r);overflow-wrap:anywhere;animation:say .2s ease-out}
@keyframes say{from{opacity:0;transform:translateY(6px)}}
.log{direction:ltr}
html[dir=rtl] .log .empty{direction:rtl}
.row{text-align:start;unicode-bidi:plaintext}
.row.customer{align-self:flex-start;background:var(--sunk);border-bottom-left-radius:4px}
.row.ours{align-self:flex-end;color:var(--on-accent);background:var(--accent);border-bottom-right-radius:4px}
.row.customer+.row.ours,.row.ours+.row.customer{margin-block-start:6px}
.row.partial{color:var(--soft);background:none;box-shadow:inset 0 0 0 1px var(--line)}
.notes{flex:none}
.note{padding:10px 16px;font-size:13px;color:var(--warn);background:var(--warn-ground)}
html[lang^=ar] .note{font-size:14px}
.main,.quiet{display:inline-flex;align-items:center;justify-content:center;gap:8px;min-height:44px;padding:6px 20px;font-weight:600;line-height:1.25;text-align:center;border:1px solid transparent}
.main{color:var(--on-accent);background:var(--accent)}
.main:hover:not(:disabled){filter:brightness(1.1)}
.main:disabled{color:var(--soft);background:var(--sunk)}
.quiet{border-color:var(--edge)}
.quiet:hover{background:var(--sunk)}
.tap{display:flex;width:calc(100% - 32px);min-height:48px;margin:8px 16px}
.dock{position:relative}
.drawer{position:absolute;inset:auto 0 100%;max-height:calc(100dvh - 64px);overflow:auto;padding:8px 16px 16px;background:var(--ground);border-block-start:1px solid var(--line);box-shadow:0 -8px 24px #0f1a2414;animation:say .2s ease-out;z-index:1}
.bar{display:flex;align-items:center;justify-content:space-between;min-height:44px}
.bar h2{font-weight:600}
.round{display:grid;place-items:center;flex:none;width:44px;height:44px;margin-inline-end:-10px;color:var(--soft)}
.round:hover{background:var(--sunk);color:var(--ink)}
.keys{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;max-width:300px;margin:auto}
.keys button{min-height:48px;font-size:18px;font-weight:600;font-variant-numeric:tabular-nums;background:var(--sunk);border:1px solid transparent}
.keys button:hover{border-color:var(--edge)}
.keys :is(button:active,.lit){color:var(--on-accent);background:var(--accent);border-color:transparent}
#digits{display:block;min-height:32px;margin-block-end:4px;font-size:18px;font-variant-numeric:tabular-nums;letter-spacing:.08em;text-align:center}
form,.fields{display:grid;gap:6px}
label{font-size:13px;font-weight:600}
html[lang^=ar] label{font-size:14px}
input,select,textarea{width:100%;min-height:44px;padding:8px 12px;font-size:16px;background:var(--ground);border:1px solid var(--edge);border-radius:10px}
select{appearance:none;padding-inline-end:36px;text-overflow:ellipsis;background:linear-gradient(45deg,#0000 50%,currentColor 50%) right 19px center/6px 6px no-repeat,linear-gradient(-45deg,#0000 50%,currentColor 50%) right 14px center/6px 6px no-repeat,var(--ground)}
[dir=rtl] select{background-position:left 14px center,left 19px center}
textarea{min-height:84px;resize:vertical}
select+label{margin-block-start:8px}
::placeholder{color:var(--soft);opacity:1}
form p{font-size:13px;color:var(--soft)}
form .main{margin-block-start:6px}
footer{display:flex;justify-content:center;gap:4px;padding:10px 8px calc(10px + env(safe-area-inset-bottom));border-block-start:1px solid var(--line)}
.tool{flex:1 1 0;min-width:40px;max-width:92px;display:grid;justify-items:center;gap:4px;padding:2px 0;border-radius:12px}
.tool .face{display:grid;place-items:center;width:48px;height:48px;border-radius:50%;background:var(--sunk);border:1px solid transparent}
.tool .caption{max-width:100%;font-size:12px;line-height:1.3;color:var(--soft);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.tool:hover:not(:disabled) .face{border-color:var(--edge)}
.tool:disabled .face{color:var(--edge)}
.tool[data-on] .face{color:var(--warn);background:var(--warn-ground);border-color:currentColor}
.tool[data-on] .caption{color:var(--warn)}
.tool[aria-expanded=true] .face{color:var(--on-accent);background:var(--accent)}
.tool.end .face{color:var(--on-danger);background:var(--danger)}
.tool.end:hover .face{filter:brightness(1.1)}
.after{flex:1;min-height:0;overflow:auto;scroll-padding-block-end:72px;display:flex;flex-direction:column;gap:12px;padding:16px}
.why{font-weight:600;text-wrap:balance}
.lasted{color:var(--soft)}
.wrap h2{font-size:18px;font-weight:600}
.choices{display:flex;flex-wrap:wrap;gap:8px;margin-block:6px 10px}
.choice{min-height:44px;padding:6px 16px;border:1px solid var(--edge)}
.choice:hover{background:var(--sunk)}
.choice[aria-pressed=true]{color:var(--on-accent);background:var(--accent);border-color:var(--accent);font-weight:600}
.row-end{position:sticky;bottom:-16px;display:flex;align-items:center;gap:16px;margin:0 -16px -16px;padding:8px 16px 14px;background:var(--ground);box-shadow:0 -1px var(--line)}
form .saved{display:flex;align-items:center;gap:6px;font-size:15px;font-weight:600;color:var(--live)}
.tick{display:grid}
.failure{display:flex;flex-direction:column;align-items:center;justify-content:center;gap:12px;min-height:100dvh;max-width:44ch;margin:auto;padding:24px;text-align:center}
.failure h1{font-size:18px;outline:0;text-wrap:balance}
.failure p{color:var(--soft);text-wrap:balance}
.sign{display:grid;place-items:center;width:64px;height:64px;border-radius:50%;background:var(--sunk);color:var(--soft)}
.sign .i{width:28px;height:28px}
.failure .wrap{width:100%;text-align:start}
.failure .row-end{position:static;margin:0;padding:8px 0 0;box-shadow:none}
.ways{display:flex;flex-wrap:wrap;justify-content:center;gap:8px;margin-block-start:4px}
.failure .code{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media (max-width:339px){.tool .caption{display:none}.tool .face{width:42px;height:42px}.mark{display:none}.name h2{font-size:18px}.rec span{display:none}.rec{padding-inline:12px}}
@media (max-height:460px){header{gap:4px;padding-block:8px}.tool .caption{display:none}.keys button{min-height:40px}.keys{gap:6px}.drawer{padding-block:0 8px}}
@media (prefers-reduced-motion:reduce){*,*::before{animation:none!important;transition:none!important}.arcs .you,.arcs .agent{transform:none}.arcs .a0{stroke-width:calc(7px + var(--l)*8px)}.arcs .a1,.arcs .a2{opacity:0}}
@media (forced-colors:active){select{appearance:auto}.row,.face,.main,.note,.choice,.keys button,.sign{border:1px solid CanvasText!important}.arcs g{stroke:CanvasText!important}.dot,.rec i,.people .joined i{forced-color-adjust:none;background:CanvasText!important}.keys .lit,.tool[data-on] .face,.tool[aria-expanded=true] .face,.choice[aria-pressed=true]{border-color:Highlight!important;outline:2px solid Highlight}.tool.end .face{border-width:2px!important}.tool:disabled{color:GrayText}}
`;
