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
        Shows("config view", View, "output/o minify! raw! flatten!"),
        Shows("config current-context", "kubernetes-admin@kubernetes\n"),
        Shows("config get-contexts", TableText.Align("CURRENT\tNAME\tCLUSTER\tAUTHINFO\t"
            + "NAMESPACE\n*\tkubernetes-admin@kubernetes\tkubernetes\tkubernetes-admin\t\n")),
        Shows("config get-clusters", "NAME\nkubernetes\n"),
        Shows("config get-users", "NAME\nkubernetes-admin\n"),
    ];

    private static KubectlCommand Shows(string name, string text, string flags = "") =>
        new(name, flags, call => call.Print(text.ReplaceLineEndings("\n")));
}
