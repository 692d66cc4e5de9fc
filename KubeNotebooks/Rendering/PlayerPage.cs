namespace KubeNotebooks;

/// <summary>The style sheet and the script of the player. Nothing is fetched from
/// anywhere.</summary>
internal static class PlayerPage
{
    public const string Css = """
        :root{color-scheme:light dark}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:10px 16px 24px;max-width:1400px;background:#eef1f5;
        color:#1b2026;font:15px/1.45 "Segoe UI",Roboto,Helvetica,Arial,sans-serif}
        h1{font-size:20px;margin:0}
        header p{margin:2px 0 10px;color:#555f6b}
        main{display:grid;grid-template-columns:minmax(0,1fr) 380px;gap:12px;align-items:start}
        .side{display:grid;gap:12px;position:sticky;top:8px}
        .left{display:grid;gap:10px}
        #map svg{display:block;width:100%;height:auto;border:1px solid #8a94a0;border-radius:8px}
        .bar{display:flex;gap:6px;align-items:center;flex-wrap:wrap;position:sticky;top:0;
        background:#eef1f5;padding:6px 0;z-index:2}
        .bar button{font:inherit;min-width:44px;min-height:36px;padding:4px 10px;
        border:1px solid #6b7683;border-radius:6px;background:#fff;color:inherit;cursor:pointer}
        .bar button.on,.bar button:hover{background:#dde4ec}
        .bar input{flex:1 1 160px;min-width:120px;accent-color:#0072b2}
        .bar output{min-width:8.5em;text-align:right;font-variant-numeric:tabular-nums}
        :focus-visible{outline:3px solid #0072b2;outline-offset:1px}
        #axis{display:block;width:100%;background:#fff;border:1px solid #8a94a0;border-radius:8px}
        #axis text{font-size:12px;fill:#555f6b}
        #axis .now{stroke:#0072b2;stroke-width:2}
        #axis .grid{stroke:#d5dbe2}
        .list{background:#fff;border:1px solid #8a94a0;border-radius:8px;overflow:hidden}
        .list h2{font-size:15px;margin:0;padding:8px 12px 0}
        .flt{padding:4px 12px 6px;font-size:13px;border-bottom:1px solid #d5dbe2}
        .flt[open]{display:flex;flex-wrap:wrap;gap:4px 10px}
        .flt input[type=search]{width:100%;font:inherit;padding:3px 6px}
        .flt label{display:inline-flex;margin-right:10px;gap:4px;align-items:center;cursor:pointer}
        i.n{visibility:hidden}
        .flt summary{cursor:pointer;color:#555f6b}
        i.c{display:inline-block;width:7px;height:15px;border-radius:2px;flex:none}
        #steps{list-style:none;margin:0;padding:0;overflow-y:auto;max-height:308px;font-size:13px}
        #steps li{display:flex;gap:7px;padding:3px 12px;height:44px;cursor:pointer;
        content-visibility:auto;contain-intrinsic-size:auto 44px;border-left:4px solid transparent}
        #steps small{display:block;font-size:12px;color:#555f6b}
        #steps i.c{height:36px}
        #steps span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        #steps li[hidden]{display:none}
        #steps li:hover{background:#f1f4f8}
        #steps li.on{background:#dcebf7;border-color:#0072b2}
        #steps b{flex:none;min-width:2.2em;text-align:right;font-weight:600}
        #steps .q{color:#555f6b}
        #steps .e{color:#a83300}
        .note{color:#555f6b;margin:0}
        @media (max-width:900px){main{grid-template-columns:minmax(0,1fr)}
        .side{position:static}.list{order:2}
        body{padding:6px 4px}header,.note{padding:0 6px}#steps{max-height:60vh}}
        @media (prefers-color-scheme:dark){
        body,.bar{background:#0d1014;color:#e8ecf1}
        header p,.note,#steps .q,#steps small,.flt summary{color:#a9b4c0}
        .bar button,.list,#axis{background:#14181d;border-color:#657180}
        .bar button.on,.bar button:hover{background:#2b343f}
        .bar input{accent-color:#6cc3f5}
        :focus-visible{outline-color:#6cc3f5}
        #map svg{border-color:#657180}
        #axis text{fill:#a9b4c0}#axis .grid{stroke:#39434e}#axis .now{stroke:#6cc3f5}
        .flt{border-color:#39434e}
        #steps li:hover{background:#1d232b}
        #steps li.on{background:#12324a;border-color:#6cc3f5}
        #steps .e{color:#ff9d66}
        i.c{outline:1px solid #a9b4c0}
        }
        @media print{.bar{display:none}}
        """;

    // D: s strings; g group → [frame, string…] pairs; c cards; a alt texts by map; f first frame
    // after what was left out; t titles by frame.
    public const string Script = """
        (function(){
        "use strict";
        var D=JSON.parse(document.getElementById("data").textContent),
        $=function(id){return document.getElementById(id)},
        n=D.c.length,at=0,timer=0,range=$("range"),list=$("steps"),items=list.children,
        svg=$("map").firstElementChild,now=$("now"),shown={};
        function pick(pairs,i){var lo=0,hi=pairs.length/2-1,m;
        while(lo<hi){m=(lo+hi+1)>>1;if(pairs[2*m]<=i)lo=m;else hi=m-1}return pairs[2*lo+1]}
        function go(i,quiet){
        at=Math.max(0,Math.min(n-1,i));
        for(var id in D.g){var s=pick(D.g[id],at);
        if(shown[id]!==s){shown[id]=s;$(id).innerHTML=D.s[s]}}
        svg.querySelector("title").textContent=D.s[pick(D.a,at)];
        $("card").innerHTML=D.c[at];
        var stale=pick(D.m,at),late=$("late");
        late.hidden=stale===at;
        if(stale!==at)late.textContent="The map shows the cluster "+(at-stale)+
        (at-stale===1?" step":" steps")+" earlier: there are fewer maps than steps.";
        range.value=at;range.setAttribute("aria-valuetext",D.t[at]);$("where").value=D.t[at];
        if(now&&D.x[at]!==undefined){now.setAttribute("x1",D.x[at]);now.setAttribute("x2",D.x[at])}
        var old=list.querySelector(".on");if(old)old.classList.remove("on");
        var li=items[at];
        if(li){li.classList.add("on");
        var top=li.offsetTop-list.offsetTop;
        if(top<list.scrollTop||top>list.scrollTop+list.clientHeight-40)
        list.scrollTop=top-list.clientHeight/3}
        if(!quiet)try{history.replaceState(null,"","#"+at)}catch(e){}}
        function next(by){var i=at+by;
        while(i>=0&&i<n&&items[i]&&items[i].hidden)i+=by;
        if(i>=0&&i<n)go(i);else stop()}
        function stop(){clearInterval(timer);timer=0;$("play").textContent="\u25b6 Play";
        $("play").classList.remove("on")}
        function play(){if(timer){stop();return}
        if(at===n-1)go(0);
        timer=setInterval(function(){next(1)},1100);$("play").textContent="\u2759\u2759 Pause";
        $("play").classList.add("on")}
        function act(f){return function(){stop();f()}}
        $("prev").onclick=act(function(){next(-1)});
        $("next").onclick=act(function(){next(1)});
        $("first").onclick=act(function(){go(0)});
        $("last").onclick=act(function(){go(n-1)});
        $("play").onclick=play;
        range.max=n-1;
        range.oninput=act(function(){go(+range.value)});
        list.onclick=function(e){var li=e.target.closest("li");
        if(li){stop();go([].indexOf.call(items,li))}};
        $("axis").onclick=function(e){var r=$("axis").getBoundingClientRect(),
        x=(e.clientX-r.left)/r.width*600,best=-1,d=1e9;
        for(var i=0;i<n;i++){var v=Math.abs(D.x[i]-x);if(v<d&&!(items[i]&&items[i].hidden))
        {d=v;best=i}}stop();if(best>=0)go(best)};
        document.onkeydown=function(e){
        if(e.altKey||e.ctrlKey||e.metaKey||e.target.type==="search")return;
        var k=e.key;
        if(k==="ArrowRight"||k==="ArrowLeft"){stop();next(k==="ArrowRight"?1:-1)}
        else if(k==="Home"||k==="End"){stop();go(k==="Home"?0:n-1)}
        else if(k===" "&&e.target.tagName!=="BUTTON"&&e.target.tagName!=="INPUT")play();
        else return;
        e.preventDefault()};
        function filter(){
        var off={},q=$("find").value.toLowerCase();
        document.querySelectorAll(".flt input[data-c]").forEach(function(b){
        if(!b.checked)off[b.dataset.c]=1});
        var quiet=$("quiet").checked;
        for(var i=0;i<items.length;i++){var li=items[i];
        li.hidden=!!off[li.dataset.c]||(quiet&&li.classList.contains("q"))
        ||(q&&li.textContent.toLowerCase().indexOf(q)<0)}}
        document.querySelector(".flt").oninput=filter;
        document.querySelectorAll("[data-js]").forEach(function(e){e.hidden=false});
        var h=parseInt(location.hash.slice(1),10);
        go(h>0?h:0,true);
        window.onhashchange=function(){var v=parseInt(location.hash.slice(1),10);
        if(v>=0&&v!==at)go(v,true)};
        })();
        """;
}
