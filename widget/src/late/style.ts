/** The looks of what the late chunk shows. */

export const css = `\
.panel{--warn-ground:#fff6e0}\
.panel.dark{--warn-ground:#2e2718}\
.mute{flex:0 1 auto}\
.mark{position:relative;display:grid;place-items:center;flex:none;width:56px;height:44px;margin-inline-start:-8px}\
.mark>*{grid-area:1/1}\
.mark circle{stroke-width:9}\
.mark .face{width:26px;height:26px;font-size:13px}\
.panel:not([data-talk]) .mark{display:none}\
.round.more{border:1px solid var(--line)}\
.row{animation:say .2s ease-out}\
@keyframes say{from{opacity:0;transform:translateY(6px)}}\
.row.user+.row.agent,.row.agent+.row.user{margin-block-start:6px}\
.row.partial{color:var(--soft);background:none;box-shadow:inset 0 0 0 1px var(--line)}\
[data-state=error] .dot{background:var(--danger)}\
[data-state=muted] .dot{background:var(--warn)}\
.arcs g{--l:0;transition:transform 90ms linear}\
.arcs circle{transition:opacity 90ms linear}\
.arcs .a1{opacity:calc(var(--l)*1.6 - .1)}\
.arcs .a2{opacity:calc(var(--l)*1.6 - .7)}\
.arcs .you{transform:translateX(calc(var(--l)*-5px))}\
.arcs .agent{transform:translateX(calc(var(--l)*5px))}\
[data-state=muted] .you,[data-state=ended] .arcs g,[data-state=error] .arcs g,[data-state=reconnecting] .arcs g{stroke:var(--soft)}\
.tool.on{color:var(--warn);background:var(--warn-ground);border-color:currentColor}\
.row small{display:block;font-size:13px;opacity:.8}\
.row.agent small{opacity:1;color:var(--soft)}\
[data-state=error] .lead,[data-state=ended] .composer,[data-state=error] .composer,.mute:not(.on) .i-off,.mute.on .i-mic{display:none}\
@media (prefers-reduced-motion:reduce){.panel *{transition:none!important}.arcs .you,.arcs .agent{transform:none}.arcs .a0{stroke-width:calc(4px + var(--l)*8px)}.arcs .a1,.arcs .a2{opacity:0}}\
.tap{margin:12px 16px 4px}\
.who time{font-variant-numeric:tabular-nums}\
.who time::before{content:"·";margin-inline-end:6px}\
.gap{display:flex;align-items:center;gap:10px;margin-block:6px;font-size:13px;color:var(--soft);text-align:center}\
.gap::before,.gap::after{content:"";flex:1;min-width:12px;height:1px;background:var(--line)}\
.note{display:flex;flex-wrap:wrap;align-items:center;gap:6px 12px;padding:10px 20px;font-size:13px;line-height:1.45;color:var(--warn);background:var(--warn-ground)}\
[lang^=ar] .note{font-size:14px}\
.note p{flex:1 1 180px}\
.note .small{min-height:32px;padding:4px 12px;font-weight:600;border:1px solid currentColor}\
.note .small .i{width:16px;height:16px}\
.panel>.quiet{display:flex;text-decoration:none;border-radius:99px;margin:12px 16px 4px}\
.code{padding:2px 6px;border-radius:6px;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;color:var(--soft);overflow-wrap:anywhere;text-align:start;direction:ltr}\
.note .code{color:inherit;margin-inline-start:-6px}\
.card{display:grid;gap:14px;border-block-start:1px solid var(--line)}\
.panel:not([data-talk]) .card{border:0;padding-block-start:0}\
[data-state=error] .hero{margin:auto}\
.card p{color:var(--soft);text-wrap:balance}\
.card[role=alert] p{color:var(--ink)}\
.card .code{justify-self:center}\
.rating{display:grid;gap:4px;justify-items:center}\
.rating div{display:flex}\
.star{display:grid;place-items:center;width:44px;height:44px;color:var(--soft)}\
.star .i{width:26px;height:26px}\
.star.on{color:var(--accent)}\
.star.on .i{fill:currentColor}\
.hold{flex:1;display:flex}\
.ptt{flex:1;user-select:none;touch-action:none}\
.ptt.on{color:var(--on-accent);background:var(--accent)}\
.menu{position:absolute;inset:auto 16px calc(100% - 4px);max-height:220px;overflow:auto;padding:6px;background:var(--ground);border:1px solid var(--line);border-radius:var(--r);box-shadow:var(--float);z-index:1}\
.menu button{display:flex;align-items:center;gap:8px;width:100%;min-height:44px;padding:6px 12px;text-align:start;border-radius:8px}\
.menu button:hover,.menu button:focus-visible{background:var(--sunk)}\
.menu span{flex:1;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}\
.menu [aria-checked=false] .i{visibility:hidden}\
.menu .i{color:var(--accent)}\
@media (max-width:359px){.ptt .i{display:none}}\
@media (forced-colors:active){.note,.row{border:1px solid CanvasText!important}.star.on,.tool.on{border-color:Highlight!important;color:Highlight}}\
`;
