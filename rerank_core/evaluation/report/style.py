"""The style sheet of the report: light and dark by the reader's own setting, and black on white on paper."""

__all__ = ["STYLE"]

_LIGHT = (
    "--paper:#fff;--ink:#14181d;--soft:#56606b;--hair:#dfe4ea;--main:#0b5cad;--plain:#8a949f;--better:#0b5cad;"
    "--worse:#b4540a;--third:#5b3fa0;--panel:#f5f7fa"
)
_DARK = (
    "--paper:#101418;--ink:#e8edf2;--soft:#a9b4bf;--hair:#2a343f;--main:#6cb4ff;--plain:#7d8894;--better:#6cb4ff;"
    "--worse:#f2a766;--third:#c3b1f5;--panel:#181e25"
)

STYLE = f"""
:root{{{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
@media print{{:root{{{_LIGHT}}} body{{font-size:10.5pt}} section{{break-inside:auto}} tr,svg,h2,h3{{break-inside:avoid}}
 h2,h3{{break-after:avoid}} main{{max-width:none;padding:0}} .wide{{overflow:visible}} main svg{{min-width:0}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);
 font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif;
 -webkit-print-color-adjust:exact;print-color-adjust:exact}}
main{{max-width:940px;margin:0 auto;padding:32px 24px 64px}}
h1{{font-size:1.7em;line-height:1.2;margin:.2em 0 .6em;overflow-wrap:anywhere}}
h2{{font-size:1.25em;margin:2.2em 0 .6em;border-top:1px solid var(--hair);padding-top:1em;overflow-wrap:anywhere}}
h3{{font-size:1em;margin:1.4em 0 .4em}}
.answer{{font-size:1.25em;line-height:1.4;background:var(--panel);padding:18px 20px;border-left:5px solid var(--main)}}
.soft{{color:var(--soft)}} p.soft{{font-size:.9em}}
.warnings{{border:1px solid var(--worse);padding:12px 16px 12px 34px}}
.wide{{overflow-x:auto}} .wide:focus-visible{{outline:2px solid currentColor;outline-offset:2px}}
table{{border-collapse:collapse;width:100%;font-size:.88em;font-variant-numeric:tabular-nums}}
th,td{{padding:5px 10px;border-bottom:1px solid var(--hair);text-align:right;vertical-align:top}}
th:first-child{{text-align:left}} tbody td{{white-space:nowrap}}
tbody th{{font-weight:400;overflow-wrap:anywhere;min-width:9em}}
thead{{display:table-header-group}} thead th{{font-weight:600}}
dt{{font-weight:600}} dd{{margin:0 0 .5em 1.2em}}
svg{{max-width:100%;min-width:720px;height:auto;display:block;margin:8px 0}}
svg text{{font-size:14px;fill:var(--ink)}} svg .soft{{fill:var(--soft);font-size:13px}}
svg .main{{fill:var(--main)}} svg .plain{{fill:var(--plain)}}
svg .better{{fill:var(--better)}} svg .worse{{fill:var(--worse)}}
svg .hair{{stroke:var(--hair)}} svg .axis{{stroke:var(--soft)}}
svg .whisker{{stroke:var(--ink);stroke-width:1.5;fill:none}}
svg .limit{{stroke:var(--soft);stroke-dasharray:5 4;fill:none}}
svg .line{{fill:none;stroke-width:2.5}} svg .one{{stroke:var(--main)}}
svg .two{{stroke:var(--third);stroke-dasharray:8 4}} svg .three{{stroke:var(--soft);stroke-dasharray:2 4}}
svg .four{{stroke:var(--worse);stroke-dasharray:12 4 2 4}}
"""
