using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Questions to the API server about who may do what, and who somebody is.</summary>
public sealed class HttpReviewTests
{
    private const string Access = "/apis/authorization.k8s.io/v1";
    private const string Identity = "/apis/authentication.k8s.io/v1";
    private const string Pods = """{"verb":"get","resource":"pods","namespace":"default"}""";

    private static readonly Lazy<Cluster> cluster = new(() => new(nodes: 1));

    private static string Post(string url, string spec, UserInfo? user = null)
    {
        var answer = cluster.Value.Serve(new("POST", url)
        {
            Body = $$"""{"spec":{{spec}}}""", User = user ?? UserInfo.Admin,
        });
        return $"{answer.Code} {answer.Body!["message"] ?? Json.Compact(answer.Body["status"])}";
    }

    [TestCase("selfsubjectaccessreviews", $$"""{"resourceAttributes":{{Pods}}}""",
        "201 {\"allowed\":false}")]
    [TestCase("selfsubjectaccessreviews",
        """{"nonResourceAttributes":{"path":"/version","verb":"get"}}""", "201 {\"allowed\":true,")]
    [TestCase("selfsubjectaccessreviews", "{}", "422 SelfSubjectAccessReview.authorization.k8s.io "
        + "\"\" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of "
        + "nonResourceAttributes or resourceAttributes must be specified")]
    [TestCase("selfsubjectrulesreviews", """{"namespace":"default"}""", "201 {\"incomplete\":fals")]
    public void Anybody_may_ask_of_themselves(string plural, string spec, string begin) =>
        Assert.That(Post($"{Access}/{plural}", spec, UserInfo.Person("jane")),
            Does.StartWith(begin));

    [TestCase("subjectaccessreviews", $$"""{"user":"jane","resourceAttributes":{{Pods}}}""",
        "201 {\"allowed\":false}")]
    [TestCase("subjectaccessreviews",
        $$"""{"groups":["system:masters"],"resourceAttributes":{{Pods}}}""",
        "201 {\"allowed\":true,")]
    [TestCase("subjectaccessreviews", $$"""{"resourceAttributes":{{Pods}}}""",
        "422 SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.user: Invalid value: "
        + "\"\": at least one of user or group must be specified")]
    [TestCase("namespaces/default/localsubjectaccessreviews",
        $$"""{"user":"jane","resourceAttributes":{{Pods}}}""", "201 {\"allowed\":false}")]
    [TestCase("namespaces/kube-system/localsubjectaccessreviews",
        $$"""{"user":"jane","resourceAttributes":{{Pods}}}""",
        "400 spec.resourceAttributes.namespace must match namespace: kube-system")]
    public void Whoever_may_can_ask_of_others(string path, string spec, string begin) =>
        Assert.That(Post($"{Access}/{path}", spec), Does.StartWith(begin));

    [Test]
    public void A_token_tells_whose_it_is()
    {
        cluster.Value.Converge();
        var token = cluster.Value.Api.Token("default", "default");
        Assert.That(Post($"{Identity}/tokenreviews", $$"""{"token":"{{token}}"}"""), Is.EqualTo(
            "201 {\"audiences\":[\"https://kubernetes.default.svc.cluster.local\"],"
            + "\"authenticated\":true,\"user\":{\"groups\":[\"system:serviceaccounts\","
            + "\"system:serviceaccounts:default\",\"system:authenticated\"],"
            + "\"username\":\"system:serviceaccount:default:default\"}}"));
        Assert.That(Post($"{Identity}/tokenreviews", """{"token":"x.y.z"}"""),
            Is.EqualTo("201 {\"error\":\"invalid bearer token\",\"user\":{}}"));
        Assert.That(Post($"{Identity}/tokenreviews", "{}"),
            Is.EqualTo("400 token is required for TokenReview in authentication"));
        Assert.That(Post($"{Identity}/selfsubjectreviews", "{}", UserInfo.Person("jane")),
            Is.EqualTo("201 {\"userInfo\":{\"groups\":[\"system:authenticated\"],"
                + "\"username\":\"jane\"}}"));
    }

    [Test]
    public void Who_acts_as_another_has_to_be_allowed_to()
    {
        HttpAnswer As(UserInfo user) => cluster.Value.Serve(
            new("GET", "/api/v1/namespaces/default/pods")
            {
                User = user, Impersonate = UserInfo.Person("bob"),
            });
        Assert.That($"{As(UserInfo.Admin).Body!["message"]}", Does.StartWith(
            "pods is forbidden: User \"bob\" cannot list resource \"pods\""));
        Assert.That($"{As(UserInfo.Person("jane")).Body!["message"]}", Is.EqualTo(
            "users \"bob\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in "
            + "API group \"\" at the cluster scope"));
    }

    [Test]
    public void Who_may_not_is_told_that_before_what_else_is_wrong()
    {
        var answer = cluster.Value.Serve(new("POST", "/api/v1/namespaces/default/pods")
        {
            User = UserInfo.Person("jane"), Body = "{", ContentType = "text/plain",
        });
        Assert.That(answer.Code, Is.EqualTo(403));
    }
}
