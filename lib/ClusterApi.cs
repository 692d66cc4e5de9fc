namespace KubeSim;

/// <summary>Who asks, and what the API server makes of it.</summary>
public sealed partial class Cluster
{
    /// <summary>The API server: explains requests, answers who may do what, takes
    /// webhooks.</summary>
    public ClusterApi Api => new(this);

    /// <summary>The cluster as somebody else sees it; what they may not do is refused.</summary>
    /// <param name="user">The name, such as <c>jane</c>, or
    /// <c>system:serviceaccount:default:robot</c>.</param>
    /// <param name="groups">The groups that the person is in.</param>
    /// <example><c>cluster.As("jane").Kubectl("get pods")</c></example>
    public ClusterUser As(string user, params Seq<string> groups)
    {
        var person = UserInfo.Person(user, groups);
        return new(this, person.Account is var (ns, name) ? UserInfo.ServiceAccount(ns, name)
            : user == UserInfo.Anonymous.Name ? UserInfo.Anonymous : person);
    }

    /// <summary>The API server of a cluster, to look into.</summary>
    public sealed class ClusterApi
    {
        private readonly Cluster cluster;

        internal ClusterApi(Cluster cluster) => this.cluster = cluster;

        /// <summary>The kinds that are served by now.</summary>
        public KindRegistry ServedKinds => cluster.Owned(s => s.Api.Kinds);

        /// <summary>A request stage by stage, with what each changed or why it refused; nothing is
        /// stored.</summary>
        public Explanation Explain(ApiRequest request) =>
            cluster.Owned(s => s.Api.Explain(request));

        /// <summary>The creation of an object, stage by stage.</summary>
        public Explanation Explain(ApiObject created, UserInfo? user = null)
        {
            var o = InNamespace(created);
            return Explain(new(Verb.Create, new(o.Kind, o.Metadata.Namespace, ""))
            {
                User = user ?? UserInfo.Admin, Body = new Payload.Typed(o),
            });
        }

        /// <summary>What a kubectl command asks for, stage by stage: its first write, or its last
        /// read when it writes nothing.</summary>
        /// <param name="commandLine">The command, such as <c>create -f - --as jane</c>.</param>
        /// <param name="input">The standard input, for <c>-f -</c>.</param>
        /// <exception cref="ArgumentException">The command asks the server for nothing.</exception>
        public Explanation Explain(string commandLine, string? input = null)
        {
            using var own = cluster.Own();
            Explanation? read = null, written = null;
            var kubectl = new Kubectl(new KubectlServer(cluster, request =>
            {
                var explained = Explain(request);
                (read, written) = request.Verb.Reads ? (explained, written)
                    : (read, written ?? explained);
                return explained.Answer;
            }));
            var result = kubectl.Run(commandLine, input);
            return written ?? read
                ?? throw new ArgumentException(
                    $"no request was made: {result}", nameof(commandLine));
        }

        /// <summary>True when a user may do something to a resource in a namespace (empty for the
        /// whole cluster); the reason tells which binding allows it.</summary>
        public Decision May(
            UserInfo user, string verb, Kind kind, string ns = "default", string name = "") =>
            cluster.Owned(s => s.Api.Authorizer.Decide(
                Access.Of(user, verb, kind, kind.Namespaced ? ns : "", name)));

        /// <summary>Puts a webhook in place, or in the place of the one with its name.</summary>
        public void Add(WebhookSpec webhook) =>
            cluster.Owned(s => s.Submit(new WebhookInput(webhook)));

        /// <summary>A bearer token of a service account, as <c>kubectl create token</c> gets
        /// it.</summary>
        /// <exception cref="ApiException">There is no such account.</exception>
        public string Token(string ns, string account, TimeSpan? valid = null)
        {
            var spec = new System.Text.Json.Nodes.JsonObject
            {
                ["spec"] = new System.Text.Json.Nodes.JsonObject
                {
                    ["expirationSeconds"] = (long)(valid ?? TimeSpan.FromHours(1)).TotalSeconds,
                },
            };
            var path = new ResourcePath(Kinds.ServiceAccount, ns, account, "token");
            var answer = cluster.Handle(new(Verb.Create, path) { Body = new Payload.Json(spec) });
            return (string)Json.Encode(answer.EnsureSuccess().Object!)["status"]!["token"]!;
        }
    }

    /// <summary>A client of the cluster under another name.</summary>
    public sealed class ClusterUser
    {
        private readonly Cluster cluster;

        internal ClusterUser(Cluster cluster, UserInfo user) => (this.cluster, User) =
            (cluster, user);

        /// <summary>Who asks.</summary>
        public UserInfo User { get; }

        /// <summary>Sends a request; a refusal is an answer.</summary>
        public ApiResponse Handle(ApiRequest request) =>
            cluster.Handle(request with { User = User });

        /// <summary>Runs a kubectl command.</summary>
        public KubectlResult Kubectl(string commandLine, string? input = null) => cluster.Still(
            c => new Kubectl(new KubectlServer(c, Handle)).Run(commandLine, input));

        /// <summary>Creates an object.</summary>
        /// <exception cref="ApiException">The API server refused.</exception>
        public T Create<T>(T o)
            where T : ApiObject
        {
            var placed = InNamespace(o);
            return (T)Handle(new(Verb.Create, new(o.Kind, placed.Metadata.Namespace, ""))
            {
                Body = new Payload.Typed(placed),
            }).EnsureSuccess().Object!;
        }

        /// <summary>An object by namespace (empty for cluster-scoped kinds) and name.</summary>
        /// <exception cref="ApiException">The API server refused, or there is none.</exception>
        public T Get<T>(string ns, string name)
            where T : ApiObject =>
            (T)Handle(new(Verb.Get, new(Kinds.Of<T>(), ns, name))).EnsureSuccess().Object!;

        /// <summary>The objects of a type in one namespace, or in all.</summary>
        /// <exception cref="ApiException">The API server refused.</exception>
        public Seq<T> List<T>(string ns = "")
            where T : ApiObject => Handle(new(Verb.List, new(Kinds.Of<T>(), ns, "")))
                .EnsureSuccess().Items!.Cast<T>().ToSeq();

        /// <summary>Deletes an object, or begins to.</summary>
        /// <exception cref="ApiException">The API server refused.</exception>
        public void Delete(ObjectKey key, DeleteOptions? options = null) =>
            Handle(new(Verb.Delete, PathOf(key)) { Delete = options }).EnsureSuccess();

        /// <summary>A creation under this name, stage by stage.</summary>
        public Explanation Explain(ApiObject created) => cluster.Api.Explain(created, User);

        /// <summary>True when this user may do something; the reason tells why.</summary>
        public Decision May(string verb, Kind kind, string ns = "default", string name = "") =>
            cluster.Api.May(User, verb, kind, ns, name);
    }
}
