namespace KubeNotebooks;

/// <summary>How the page of a notebook looks, in light and in dark, on a screen and in
/// print.</summary>
internal static class NotebookStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--fg:#1b2026;--soft:#555f6b;--bg:#fff;--box:#f4f6f9;
        --line:#d5dbe2;--link:#005a9c;--bad:#b02a00;--badbg:#fff1ec;--mark:#7a5300;
        --k:#6f2da8;--s:#1a6b3c;--n:#8a4b00;--c:#5f6b78;--t:#00557f;--f:#7a3e00}
        @media (prefers-color-scheme:dark){:root{--fg:#e8ecf1;--soft:#a9b4c0;--bg:#101418;
        --box:#1a2027;--line:#39434e;--link:#7cc4ff;--bad:#ff9d7a;--badbg:#2e1a14;--mark:#ffd27a;
        --k:#d3a6ff;--s:#8fd9a8;--n:#ffc182;--c:#9aa7b4;--t:#86d2ff;--f:#ffd29c}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:16px 20px 40px;max-width:920px;background:var(--bg);
        color:var(--fg);font:17px/1.6 "Segoe UI",Roboto,Helvetica,Arial,"Liberation Sans",
        sans-serif;overflow-wrap:break-word}
        h1,h2,h3,h4{line-height:1.25;margin:1.5em 0 .5em}
        h1{font-size:30px;margin-top:.4em}
        h2{font-size:23px;border-bottom:1px solid var(--line);padding-bottom:.2em}
        h3{font-size:19px}
        p,ul,ol,table,blockquote,details{margin:.7em 0}
        a{color:var(--link)}
        img{max-width:100%}
        pre,code,kbd{font-family:ui-monospace,"Cascadia Mono",Consolas,"DejaVu Sans Mono",
        "Liberation Mono",monospace;font-size:14px}
        pre{margin:0;padding:10px 14px;line-height:1.45;overflow-x:auto;tab-size:4}
        .text pre{background:var(--box);border:1px solid var(--line);border-radius:6px;
        margin:.7em 0}
        :not(pre)>code{background:var(--box);border-radius:4px;padding:.1em .3em}
        blockquote{border-left:4px solid var(--line);padding-left:14px;margin-left:0;
        color:var(--soft)}
        table{border-collapse:collapse;display:block;overflow-x:auto;max-width:100%}
        th,td{border:1px solid var(--line);padding:5px 10px;text-align:left;vertical-align:top}
        th{background:var(--box)}
        li>input[type=checkbox]{margin-right:.4em}
        .cell{margin:1.1em 0}
        .mark{margin:0 0 2px;font-size:13px;color:var(--soft)}
        .mark a{color:inherit;text-decoration:none;font-weight:600}
        .cell>.code{background:var(--box);border:1px solid var(--line);
        border-left:4px solid var(--link);border-radius:6px}
        .exercise>.code{border-left-color:var(--mark)}
        .exercise>.mark{color:var(--mark)}
        .bad>.code{border-left-color:var(--bad)}
        .out{padding:6px 0 0 8px;margin-left:10px;border-left:2px solid var(--line)}
        .out>pre{padding:4px 8px;white-space:pre}
        .shown{padding:4px 8px;overflow-x:auto}
        .shown pre{padding:0}
        .stderr{color:var(--mark)}
        .error,.failed{color:var(--bad);background:var(--badbg);border:1px solid var(--bad);
        border-radius:6px}
        .failed{padding:8px 14px}
        .failed a{color:inherit;font-weight:700}
        .out>.error{padding:8px 12px;white-space:pre-wrap}
        .k{color:var(--k)}.s{color:var(--s)}.n{color:var(--n)}.c{color:var(--c);font-style:italic}
        .p{color:var(--c)}.t{color:var(--t)}.f{color:var(--f)}
        nav{font-size:15px;background:var(--box);border:1px solid var(--line);border-radius:6px;
        padding:2px 14px}
        nav details{margin:.3em 0}
        nav summary{cursor:pointer;font-weight:600}
        nav ul{list-style:none;margin:.3em 0;padding:0;line-height:1.5}
        nav .h3{padding-left:1.2em}
        nav a{text-decoration:none}
        :target{scroll-margin-top:12px}
        :focus-visible{outline:3px solid var(--link);outline-offset:2px}
        footer{margin-top:3em;padding-top:.6em;border-top:1px solid var(--line);font-size:13px;
        color:var(--soft)}
        @media (min-width:1250px){body{max-width:1220px;padding-left:300px;position:relative}
        nav{position:fixed;width:260px;margin-left:-284px;max-height:calc(100vh - 32px);
        overflow-y:auto}}
        @media (max-width:700px){body{font-size:16px;padding:8px 12px 32px}
        h1{font-size:25px}h2{font-size:20px}pre,code{font-size:13px}
        pre{padding:8px 10px}.out{margin-left:0}}
        @media print{body{max-width:none;padding:0;font-size:11pt}nav{display:none}
        pre,.out>pre{white-space:pre-wrap;font-size:9pt}.shown,img{break-inside:avoid}
        h1,h2,h3,.mark{break-after:avoid}a{color:inherit}}
        """;
}
