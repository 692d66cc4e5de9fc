namespace KubeSim;

/// <summary><c>kubectl config</c>, as far as there is one to look at: a cluster, a user and a
/// context, all of one name.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/config.</remarks>
internal static class ConfigCommands
{
    private const string View = """
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: DATA+OMITTED
            server: https://127.0.0.1:6443
          name: kubernetes
        contexts:
        - context:
            cluster: kubernetes
            user: kubernetes-admin
          name: kubernetes-admin@kubernetes
        current-context: kubernetes-admin@kubernetes
        kind: Config
        users:
        - name: kubernetes-admin
          user:
            client-certificate-data: DATA+OMITTED
            client-key-data: DATA+OMITTED

        """;

    public static readonly Seq<KubectlCommand> All =
    [
        new("config view", "output/o minify! ~template ~raw! ~flatten!", ViewConfig),
        Shows("config current-context", "kubernetes-admin@kubernetes\n"),
        Shows("config get-contexts", TableText.Align("CURRENT\tNAME\tCLUSTER\tAUTHINFO\t"
            + "NAMESPACE\n*\tkubernetes-admin@kubernetes\tkubernetes\tkubernetes-admin\t\n")),
        Shows("config get-clusters", "NAME\nkubernetes\n"),
        Shows("config get-users", "NAME\nkubernetes-admin\n"),
    ];

    // With one context the shortest form is the whole.
    private static void ViewConfig(Invocation call)
    {
        var tree = PatchCommand.Read(View);
        call.Print(call.Flags["output"] switch
        {
            null or "yaml" => View.ReplaceLineEndings("\n"),
            "json" => Json.Text(tree),
            var format when format.StartsWith("jsonpath=", StringComparison.Ordinal) =>
                JsonPath.Parse(format[9..]).Execute(tree),
            var format => throw CommandFlags.Refused($"output={format}"),
        });
    }

    private static KubectlCommand Shows(string name, string text) =>
        new(name, "", call => call.Print(text));
}
