/** The panel's looks: tokens first, then from top to bottom. One rule a line, and no line breaks: little is sent. */

export const style = `\
.panel{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--line:#dfe3e7;--live:#12805c;--warn:#8a5a00;--danger:#c22a22;--on-danger:#fff;--float:0 2px 6px #0001,0 18px 48px #0002;color-scheme:light;position:fixed;display:flex;flex-direction:column;box-sizing:border-box;width:376px;max-width:calc(100vw - 24px);height:620px;max-height:calc(100dvh - var(--y) - 16px);overflow:hidden;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:calc(var(--r) + 6px);box-shadow:var(--float);font:400 15px/1.45 system-ui,sans-serif;text-align:start;outline:0;animation:rise .2s ease-out}\
.panel.dark{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--line:#343a41;--live:#43c796;--warn:#f2bd5b;--danger:#ff7a70;--on-danger:#1d0705;color-scheme:dark}\
.panel[lang^=ar]{font-size:16px;line-height:1.65}\
@keyframes rise{from{opacity:0;transform:translateY(12px)}}\
:where(.panel *){box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}\
[hidden]{display:none!important}\
:where(button){cursor:pointer;border:0;background:none;border-radius:99px;touch-action:manipulation}\
.panel :focus-visible{outline:2px solid var(--accent);outline-offset:2px}\
svg{fill:none;stroke-linecap:round}\
.i{flex:none;width:20px;height:20px;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}\
h2,h3,.main,.face{font-weight:600}\
h3{font-size:18px;line-height:1.3}\
.hush{position:absolute;clip-path:inset(50%)}\
header{display:flex;align-items:center;gap:12px;min-height:64px;padding:10px 20px;padding-inline-end:12px;border-block-end:1px solid var(--line)}\
.who{flex:1;min-width:0}\
.who h2{line-height:1.3;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}\
.who p{display:flex;align-items:center;gap:6px;font-size:13px;line-height:1.4;color:var(--soft)}\
[lang^=ar] .who p{font-size:14px}\
[lang^=ar] .who h2{line-height:1.6}\
.dot{flex:none;width:7px;height:7px;border-radius:50%;background:var(--soft)}\
[data-state$=ing] .dot{background:var(--live)}\
[data-state$=ting] .dot{background:var(--warn);animation:blink 1.2s infinite alternate ease-in-out}\
@keyframes blink{to{opacity:.25}}\
.round,.hero,.face{position:relative;display:grid;place-items:center;flex:none}\
.round{width:44px;height:44px;color:var(--soft)}\
.round:hover{background:var(--sunk);color:var(--ink)}\
.hero>*{grid-area:1/1}\
.arcs{width:100%;height:100%;overflow:visible}\
[dir=rtl] .arcs{transform:scaleX(-1)}\
.you{stroke:var(--accent)}\
.agent{stroke:var(--ink)}\
.arcs circle{stroke-width:5;stroke-dasharray:100 260;stroke-dashoffset:50}\
.you circle{stroke-dashoffset:-130}\
.a1,.a2{opacity:0}\
.face{overflow:hidden;border-radius:50%;background:var(--sunk)}\
.face img{position:absolute;width:100%;height:100%;object-fit:cover}\
.hero .face{width:84px;height:84px;font-size:24px}\
.hero{width:240px;height:192px;margin:auto auto 0}\
[data-state=idle] .hero g{animation:breathe 3.6s infinite alternate ease-in-out}\
@keyframes breathe{to{transform:scaleX(1.05)}}\
:is([data-state=requesting] .you,[data-state=connecting] .hero,[data-state=thinking] .agent) :is(.a1,.a2){animation:ripple 1.2s infinite ease-in-out}\
.arcs .a2{animation-delay:.25s!important}\
@keyframes ripple{50%{opacity:.6}}\
.middle{flex:1;min-height:0;display:flex;flex-direction:column}\
.welcome{flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column;align-items:center;gap:16px;padding:20px;text-align:center}\
.lead{font-size:18px;line-height:1.4;max-width:28ch;margin-block-end:auto;text-wrap:balance;overflow-wrap:anywhere}\
[lang^=ar] .lead,[lang^=ar] h3{font-size:20px;line-height:1.6}\
.actions{width:100%;display:grid;gap:8px}\
.main,.quiet,.bare,.tool,.small{display:inline-flex;align-items:center;justify-content:center;gap:8px;min-height:44px;padding:6px 18px;text-align:center;line-height:1.25}\
.main{min-height:48px;color:var(--on-accent);background:var(--accent)}\
.quiet{border:1px solid var(--line)}\
.quiet:hover,.bare:hover,.tool:hover{background:var(--sunk)}\
.bare{color:var(--soft)}\
.consent{flex:1;min-height:0;display:flex;flex-direction:column;padding:20px;gap:16px}\
.read{flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column;gap:16px;margin:-8px;padding:8px;border-radius:8px}\
.read ul{list-style:none;display:grid;gap:14px}\
.read li{display:flex;gap:12px}\
.read li .i{color:var(--accent);margin-block-start:1px}\
.own,.words{white-space:pre-line}\
.fine{font-size:13px;color:var(--soft)}\
.log{flex:1;min-height:0;overflow:auto;overscroll-behavior:contain;display:flex;flex-direction:column;gap:6px;padding:16px;outline-offset:-4px!important}\
.row{max-width:84%;padding:8px 14px;border-radius:var(--r);overflow-wrap:anywhere}\
.row.user{align-self:flex-start;color:var(--on-accent);background:var(--accent);border-end-start-radius:4px}\
.row.agent{align-self:flex-end;background:var(--sunk);border-end-end-radius:4px}\
[data-state=consent] :is(.welcome,.log,.composer),[data-talk] .welcome,.panel:not([data-talk]) .log{display:none}\
.card{padding:20px;text-align:center}\
.composer{position:relative;display:flex;align-items:flex-end;margin:4px 16px 12px;background:var(--sunk);border:1px solid transparent;border-radius:24px}\
.composer:focus-within{border-color:var(--accent);background:var(--ground)}\
textarea{flex:1;min-width:0;max-height:112px;padding:11px 0;padding-inline-start:18px;border:0;background:none;resize:none;outline:0!important;font-size:16px;line-height:1.4}\
textarea:placeholder-shown{direction:inherit}\
::placeholder{color:var(--soft);opacity:1}\
.send{width:36px;height:36px;margin:5px;color:var(--on-accent);background:var(--accent)}\
.send:disabled{color:var(--soft);background:none;cursor:default}\
footer{position:relative;display:flex;align-items:center;gap:8px;padding:0 16px 16px}\
.tool{flex:none;border:1px solid var(--line);min-width:0}\
.end{margin-inline-start:auto;color:var(--on-danger);background:var(--danger);border-color:transparent}\
.main:hover,.end:hover{filter:brightness(1.12)}\
@media (max-width:479px){.panel{inset:auto 0 0!important;width:100%;max-width:none;height:min(620px,92dvh);max-height:none;border-width:1px 0 0;border-end-start-radius:0;border-end-end-radius:0;padding-bottom:env(safe-area-inset-bottom)}}\
@media (max-width:359px){.end .i{display:none}.tool{padding-inline:14px}}\
@media (max-height:520px){.hero{zoom:.6}}\
@media (prefers-reduced-motion:reduce){.panel,.panel *{animation:none!important}}\
@media (forced-colors:active){.panel,.main,.composer,.send,.tool,.face{border:1px solid CanvasText!important}.arcs g{stroke:CanvasText!important}.dot{background:CanvasText!important}.end{border-width:2px!important}.panel :focus-visible{outline-color:Highlight}}\
`;
