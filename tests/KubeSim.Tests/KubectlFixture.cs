namespace KubeSim.Tests;

/// <summary>kubectl over an API server alone: nothing acts on its own, and the test puts the state
/// there that controllers would have made.</summary>
internal sealed class KubectlFixture : IKubectlServer
{
    private readonly EtcdStore store = new(History.All, static o => (o as Pod)?.Spec.NodeName);
    private readonly ApiServer server;

    public KubectlFixture() =>
        server = new(store, KindRegistry.BuiltIn, new(0), () => Now);

    public KindRegistry Kinds => KindRegistry.BuiltIn;

    public DateTime Now { get; set; } = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public IContainerLogs? Logs { get; set; }

    /// <summary>What happens while a command waits, once for each time that it looks.</summary>
    public Queue<Action> Meanwhile { get; } = new();

    public ApiResponse Send(ApiRequest request) => server.Handle(request);

    public bool WaitUntil(Func<bool> holds, TimeSpan limit)
    {
        while (!holds())
        {
            if (Meanwhile.Count == 0)
            {
                return false;
            }
            Meanwhile.Dequeue()();
        }
        return true;
    }

    public bool Step()
    {
        if (Meanwhile.Count > 0)
        {
            Meanwhile.Dequeue()();
            return true;
        }
        return false;
    }

    public Usage UsageOf(Pod pod) => default;

    public KubectlResult Run(string command, string? input = null) =>
        new Kubectl(this).Run(command, input);

    /// <summary>Merges JSON into the object that it names, or stores it as a new one, past the API
    /// server.</summary>
    public void Put(string json) => new RecordedState(key => store.Get(key), Store,
        key => store.Delete(Next(store.Get(key)!))).Put(json);

    private void Store(ApiObject value) => store.Put(Next(value));

    private ApiObject Next(ApiObject value) => value with
    {
        Metadata = value.Metadata with { ResourceVersion = store.Head.Next },
    };
}
