/** The panel's looks: tokens first, then from top to bottom. One rule a line, so that little is sent. */

export const style = `
.panel{--ground:#fff;--sunk:#f3f5f6;--ink:#14181c;--soft:#57606a;--line:#dfe3e7;--live:#12805c;--warn:#8a5a00;--warn-ground:#fff6e0;--danger:#c22a22;--on-danger:#fff;--ease:.2s ease-out;--float:0 2px 6px #0f1a2414,0 18px 48px #0f1a2429;color-scheme:light;position:fixed;bottom:var(--y);display:flex;flex-direction:column;box-sizing:border-box;width:376px;max-width:calc(100vw - 24px);height:620px;max-height:calc(100dvh - var(--y) - 16px);overflow:hidden;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:calc(var(--r) + 6px);box-shadow:var(--float);font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:start;outline:0;animation:rise var(--ease)}
.panel.dark{--ground:#181b1f;--sunk:#24282d;--ink:#f0f2f4;--soft:#a4adb6;--line:#343a41;--live:#43c796;--warn:#f2bd5b;--warn-ground:#2e2718;--danger:#ff7a70;--on-danger:#1d0705;color-scheme:dark}
.panel.right{right:var(--x)}
.panel.left{left:var(--x)}
.panel.top{top:var(--y);bottom:auto}
.panel[lang^=ar]{font-size:16px;line-height:1.65}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
.panel *{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit}
.panel [hidden],.panel[hidden]{display:none!important}
.panel button,.panel a{cursor:pointer;border:0;background:none;border-radius:999px;text-decoration:none;touch-action:manipulation}
.panel :focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.panel .i{flex:none;width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.panel h2,.panel h3{font-weight:600}
.panel h3{font-size:18px;line-height:1.3}
.hush{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.panel header{display:flex;align-items:center;gap:12px;min-height:64px;padding:10px 12px 10px 20px;border-block-end:1px solid var(--line)}
[dir=rtl] header{padding:10px 20px 10px 12px}
.who{flex:1;min-width:0}
.who h2{line-height:1.3;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.who p{display:flex;align-items:center;gap:6px;font-size:13px;line-height:1.4;color:var(--soft)}
[lang^=ar] .who p{font-size:14px}
[lang^=ar] .who h2{line-height:1.6}
.who time{font-variant-numeric:tabular-nums}
.who time::before{content:"·";margin-inline-end:6px}
.dot{flex:none;width:7px;height:7px;border-radius:50%;background:var(--soft)}
[data-state=listening] .dot,[data-state=thinking] .dot,[data-state=speaking] .dot{background:var(--live)}
[data-state=muted] .dot,[data-state=reconnecting] .dot,[data-state=requesting] .dot,[data-state=connecting] .dot{background:var(--warn)}
[data-state=error] .dot{background:var(--danger)}
[data-state=connecting] .dot,[data-state=reconnecting] .dot,[data-state=requesting] .dot{animation:blink 1.2s infinite alternate ease-in-out}
@keyframes blink{to{opacity:.25}}
.round{display:grid;place-items:center;flex:none;width:44px;height:44px;color:var(--soft)}
.round:hover{background:var(--sunk);color:var(--ink)}
.mark,.hero{position:relative;display:grid;place-items:center;flex:none}
.mark{width:56px;height:44px;margin-inline-start:-8px}
.panel:not([data-talk]) .mark{display:none}
.mark>*,.hero>*{grid-area:1/1}
.arcs{width:100%;height:100%;overflow:visible;fill:none;stroke-linecap:round}
[dir=rtl] .arcs{transform:scaleX(-1)}
.arcs g{--l:0;transition:transform 90ms linear}
.you{stroke:var(--accent)}
.agent{stroke:var(--ink)}
.arcs path{stroke-width:5}
.mark .arcs path{stroke-width:9}
.arcs .a1,.arcs .a2{opacity:0;transition:opacity 90ms linear}
.arcs .a1{opacity:calc(var(--l)*1.6 - .1)}
.arcs .a2{opacity:calc(var(--l)*1.6 - .7)}
.arcs .you{transform:translateX(calc(var(--l)*-5px))}
.arcs .agent{transform:translateX(calc(var(--l)*5px))}
.face{position:relative;display:grid;place-items:center;overflow:hidden;border-radius:50%;background:var(--sunk);font-weight:600}
.face img{position:absolute;inset:0;width:100%;height:100%;object-fit:cover}
.mark .face{width:26px;height:26px;font-size:13px}
.hero .face{width:84px;height:84px;font-size:24px}
.hero{width:240px;height:192px;margin:auto auto 0}
[data-state=idle] .hero g{animation:breathe 3.6s infinite alternate ease-in-out}
@keyframes breathe{to{transform:scaleX(1.05)}}
.hero g{transform-origin:center}
[data-state=requesting] .you .a1,[data-state=requesting] .you .a2,[data-state=connecting] .hero .a1,[data-state=connecting] .hero .a2,[data-state=thinking] .agent .a1,[data-state=thinking] .agent .a2{animation:ripple 1.2s infinite ease-in-out}
.arcs .a2{animation-delay:.25s!important}
@keyframes ripple{50%{opacity:.6}}
[data-state=muted] .you,[data-state=ended] .arcs g,[data-state=error] .arcs g,[data-state=reconnecting] .arcs g{stroke:var(--soft)}
.middle{flex:1;min-height:0;display:flex;flex-direction:column}
.welcome{flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column;align-items:center;gap:16px;padding:20px;text-align:center}
.panel[data-talk] .welcome,[data-state=consent] .welcome{display:none}
.lead{font-size:18px;line-height:1.4;max-width:28ch;margin-block-end:auto;text-wrap:balance;overflow-wrap:anywhere}
[lang^=ar] .lead,[lang^=ar] h3{font-size:20px;line-height:1.6}
.actions{width:100%;display:grid;gap:8px}
.main,.quiet,.bare,.tool,.small{display:inline-flex;align-items:center;justify-content:center;gap:8px;min-height:44px;padding:6px 18px;text-align:center;line-height:1.25}
.panel .main{font-weight:600;min-height:48px;color:var(--on-accent);background:var(--accent)}
.panel .quiet{border:1px solid var(--line)}
.panel .quiet:hover,.panel .bare:hover,.tool:hover{background:var(--sunk)}
.bare,.panel .bare{color:var(--soft)}
.consent{flex:1;min-height:0;display:flex;flex-direction:column;padding:20px;gap:16px}
.read{flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column;gap:16px;margin:-8px;padding:8px;border-radius:8px}
.read ul{list-style:none;display:grid;gap:14px}
.read li{display:flex;gap:12px}
.read li .i{color:var(--accent);margin-block-start:1px}
.own{white-space:pre-line}
.read .small{display:block;min-height:0;padding:0;text-align:start;font-size:13px;color:var(--soft)}
.log{flex:1;min-height:0;overflow:auto;overscroll-behavior:contain;display:flex;flex-direction:column;gap:6px;padding:16px;outline-offset:-4px!important}
.panel:not([data-talk]) .log,[data-state=consent] .log{display:none}
.row{max-width:84%;padding:8px 14px;border-radius:var(--r);overflow-wrap:anywhere;animation:say var(--ease)}
@keyframes say{from{opacity:0;transform:translateY(6px)}}
.row .words{display:block;white-space:pre-line}
.row.user{align-self:flex-start;color:var(--on-accent);background:var(--accent);border-end-start-radius:4px}
.row.agent{align-self:flex-end;background:var(--sunk);border-end-end-radius:4px}
.row.user+.row.agent,.row.agent+.row.user{margin-block-start:6px}
.row.partial{color:var(--soft);background:none;box-shadow:inset 0 0 0 1px var(--line)}
.row small{display:none}
.row.cut small{display:block;font-size:13px;opacity:.8}
.row.cut.agent small{opacity:1;color:var(--soft)}
[data-state=error] .lead,.face:empty{display:none}
.card{padding:20px;text-align:center}
.tap{margin:12px 16px 4px}
.composer{position:relative;display:flex;align-items:flex-end;margin:4px 16px 12px;background:var(--sunk);border:1px solid transparent;border-radius:24px}
[data-state=consent] .composer,[data-state=ended] .composer,[data-state=error] .composer{display:none}
.composer:focus-within{border-color:var(--accent);background:var(--ground)}
.composer textarea{flex:1;min-width:0;max-height:112px;padding:11px 0;padding-inline-start:18px;border:0;background:none;resize:none;outline:0!important;font-size:16px;line-height:1.4}
.composer textarea:placeholder-shown{direction:inherit}
.composer textarea::placeholder{color:var(--soft);opacity:1}
.panel .send{width:36px;height:36px;margin:5px;color:var(--on-accent);background:var(--accent)}
.panel .send:disabled{color:var(--soft);background:none;cursor:default}
.panel footer{position:relative;display:flex;align-items:center;gap:8px;padding:0 16px 16px}
.tool{border:1px solid var(--line)!important;min-width:0}
.tool.on{color:var(--warn);background:var(--warn-ground);border-color:currentColor!important}
.tool{flex:none}
.mute{flex:0 1 auto!important}
.mute:not(.on) .i-off,.mute.on .i-mic{display:none}
.panel .end{margin-inline-start:auto;color:var(--on-danger);background:var(--danger);border-color:transparent!important}
.panel .main:hover,.panel .end:hover{filter:brightness(1.12)}
.round.more{border:1px solid var(--line)}
@media (max-width:479px){.panel,.panel.left,.panel.right,.panel.top{inset:auto 0 0;width:100%;max-width:none;height:min(620px,92dvh);max-height:none;border-width:1px 0 0;border-end-start-radius:0;border-end-end-radius:0;padding-bottom:env(safe-area-inset-bottom)}}
@media (max-width:359px){.end .i{display:none}.panel .tool{padding-inline:14px}}
@media (max-height:520px){.hero{zoom:.6}}
@media (prefers-reduced-motion:reduce){.panel,.panel *{animation:none!important;transition:none!important}.arcs .you,.arcs .agent{transform:none}.arcs .a0{stroke-width:calc(4px + var(--l)*8px)}.arcs .a1,.arcs .a2{opacity:0}}
@media (forced-colors:active){.panel,.row,.main,.composer,.send,.tool,.face{border:1px solid CanvasText!important}.arcs g{stroke:CanvasText!important}.dot{background:CanvasText!important}.tool.on{border-color:Highlight!important;color:Highlight}.panel .end{border-width:2px!important}.panel :focus-visible{outline-color:Highlight}}
`;
