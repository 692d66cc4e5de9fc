namespace KubeNotebooks;

/// <summary>The colours of a map, in light and in dark. States have the colours of Okabe and Ito,
/// which people with any kind of colour vision tell apart; shapes repeat what they say.</summary>
internal static class MapStyle
{
    // A second palette, of Paul Tol, tells components apart; their names stand beside it.
    private static readonly string[] Palette =
    [
        "#332288", "#44aa99", "#cc6677", "#999933", "#88ccee", "#882255", "#117733", "#ddcc77",
        "#aa4499", "#6699cc", "#661100", "#888888",
    ];

    // What <use> refers to is matched alone, outside of the map: hence .kp without .kmap.
    public const string Css = """
        .kmap{font-family:"Segoe UI",Roboto,Helvetica,Arial,"Liberation Sans",sans-serif}
        .kmap text{font-size:12.5px;fill:#1b2026}
        .kmap .h{font-size:15px;font-weight:700}
        .kmap .l{font-size:13px}
        .kmap .b{font-weight:700}
        .kmap .m{fill:#555f6b}
        .kmap .bg{fill:#fff}
        .kmap .pn{fill:#f1f4f8;stroke:#8a94a0}
        .kmap .hd{fill:#dde4ec;stroke:#8a94a0}
        .kmap .nd{fill:#fbfcfd;stroke:#6b7683;stroke-width:1.3}
        .kmap .off{stroke-dasharray:5 3;fill:#e9ebee}
        .kmap .ch{fill:#fff;stroke:#8a94a0}
        .kmap .k{fill:none;stroke:#0072b2;stroke-width:2.5}
        .kmap .gs{fill:none;stroke:#555f6b;stroke-width:1.5;stroke-dasharray:3 2}
        .kmap .gt{fill:#555f6b;text-decoration:line-through}
        .kmap .ar{fill:none;stroke:#0072b2;stroke-width:2.5;stroke-linejoin:round}
        .kmap .ah{fill:#0072b2}
        .kmap .tun{fill:none;stroke:#e69f00;stroke-opacity:.45;stroke-width:14;
        stroke-linejoin:round}
        .kmap .num{font-size:9.5px}
        .kmap .rd{stroke-dasharray:2 4}
        .kmap .rf{stroke:#c43c00;stroke-dasharray:6 3}
        .kmap .ah.rf{fill:#c43c00}
        .kmap .x{fill:none;stroke:#c43c00;stroke-width:3}
        .kmap .e,.kmap .w{fill:#a83300}
        .kmap .e{font-weight:700}
        .kmap .grid{stroke:#d5dbe2}
        .kmap .on{fill:#10151a}
        .kmap .ow{fill:#fff}
        .kmap .wy{fill:none;stroke:#6b7683;stroke-width:1.5}
        .kmap .bd{fill:none;stroke:#555f6b;stroke-width:1.8}
        .kmap .sl{stroke:#1b2026;stroke-width:.6}
        .kmap .ed{fill:none;stroke:#fff;stroke-width:5}
        .kmap .halo{fill:#10151a;stroke:#fff;stroke-width:3;paint-order:stroke;font-weight:700}
        .kp{stroke:#1b2026;stroke-width:1}
        .kp0{fill:#e69f00}
        .kp1{fill:#56b4e9}
        .kp2{fill:#f0e442}
        .kp3{fill:#009e73}
        .kp4{fill:#cc79a7}
        .kp5{fill:#0072b2}
        .kp6{fill:#d55e00}
        .kptick{fill:none;stroke:#fff;stroke-width:2}
        @media (prefers-color-scheme:dark){
        .kmap text{fill:#e8ecf1}
        .kmap .m,.kmap .gt{fill:#a9b4c0}
        .kmap .bg{fill:#14181d}
        .kmap .pn{fill:#1d232b;stroke:#657180}
        .kmap .hd{fill:#2b343f;stroke:#657180}
        .kmap .nd{fill:#191e25;stroke:#8390a0}
        .kmap .off{fill:#30343a}
        .kmap .ch{fill:#222a33;stroke:#657180}
        .kmap .k,.kmap .ar{stroke:#6cc3f5}
        .kmap .ah{fill:#6cc3f5}
        .kmap .gs{stroke:#a9b4c0}
        .kmap .x,.kmap .rf{stroke:#ff8a4d}
        .kmap .ah.rf,.kmap .e,.kmap .w{fill:#ff9d66}
        .kp,.kmap .sw,.kmap .sl{stroke:#e8ecf1}
        .kmap .grid{stroke:#39434e}
        .kmap .ed{stroke:#14181d}
        .kmap .on{fill:#10151a}
        .kmap .wy,.kmap .bd{stroke:#a9b4c0}
        .kmap .ow{fill:#fff}
        .kmap .halo{fill:#10151a}
        }
        """;

    /// <summary>The colour of the component at a place in the list of components.</summary>
    public static string Colour(int component) => Palette[component % Palette.Length];
}
