using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class SchemaTests
{
    [Test]
    public void The_embedded_schema_knows_the_types_of_the_built_in_groups()
    {
        Assert.That(Schema.BuiltIn.Types.Count(), Is.EqualTo(557));
        Assert.That(Schema.BuiltIn.Types.Sum(type => type.Fields.Length), Is.EqualTo(2439));
    }

    [Test]
    public void Every_type_that_a_field_names_is_there_or_a_scalar()
    {
        string[] scalars =
        [
            "string", "int32", "int64", "bool", "float", "Quantity", "IntOrString", "Time",
            "MicroTime", "Duration", "bytes", "any",
        ];
        foreach (var type in Schema.BuiltIn.Types)
        {
            foreach (var field in type.Fields)
            {
                Assert.That(field.Type is not null || scalars.Contains(field.TypeName),
                    $"{type}.{field.Name}: {field.TypeName}");
            }
        }
    }

    [TestCase("PodSpec", "containers", "[]Container", true, "name")]
    [TestCase("PodSpec", "nodeSelector", "map[string]string", false, "")]
    [TestCase("ServiceSpec", "ports", "[]ServicePort", true, "port")]
    [TestCase("ObjectMeta", "finalizers", "[]string", true, "")]
    [TestCase("UserInfo", "extra", "map[string][]string", false, "")]
    public void A_field_tells_its_shape_and_merge_key(
        string type, string name, string shape, bool merges, string key)
    {
        var field = Schema.BuiltIn.Find(type)!.Field(name)!;
        Assert.That((field.ToString(), field.Merge, field.MergeKey),
            Is.EqualTo((shape, merges, key)));
    }

    [Test]
    public void Flags_of_fields_are_told_apart()
    {
        var pod = Schema.BuiltIn.Find("PodSpec")!;
        var deployment = Schema.BuiltIn.Find("DeploymentSpec")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pod.Field("containers")!.Required);
            Assert.That(pod.Field("volumes")!.RetainKeys);
            Assert.That(pod.Field("hostnameOverride")!.Gated);
            Assert.That(pod.Field("hostnameOverride")!.Since, Is.EqualTo("1.34"));
            Assert.That(pod.Field("restartPolicy")!.Enum,
                Is.EqualTo((Seq<string>)["Always", "Never", "OnFailure"]));
            Assert.That(deployment.Field("strategy")!.Keep);
            Assert.That(Schema.BuiltIn.Find("PodDisruptionBudgetSpec")!.Field("selector")!.Replace);
            Assert.That(Schema.BuiltIn.Find("PodResourceClaim")!.Field("source")!.Until,
                Is.EqualTo("1.30"));
            Assert.That(Schema.BuiltIn.Find("JSONSchemaProps")!.Field("items")!.Or,
                Is.EqualTo("list"));
            Assert.That(pod.Field("nodeNmae"), Is.Null);
        }
    }

    [Test]
    public void Every_property_of_a_record_is_a_field_of_its_type()
    {
        foreach (var record in typeof(Pod).Assembly.GetTypes().Where(t =>
            t.IsSubclassOf(typeof(ApiPart)) && !t.IsAbstract && t != typeof(Unstructured)))
        {
            if (RecordSchema.Of(record) is not { } type)
            {
                continue;
            }
            foreach (var name in JsonNames(record, type))
            {
                Assert.That(type.Field(name), Is.Not.Null, $"{record.Name}.{name}");
            }
        }
    }

    private static IEnumerable<string> JsonNames(Type record, SchemaType type)
    {
        var properties = typeof(RecordProperty<>).MakeGenericType(record);
        var all = (Array)properties.GetMethod("All")!.Invoke(null, [type])!;
        return all.Cast<object>().Select(p => $"{properties.GetProperty("Name")!.GetValue(p)}");
    }

    [Test]
    public void Versions_of_one_kind_are_one_entry_with_the_newest_shown()
    {
        var kinds = KindRegistry.BuiltIn;
        var scaler = kinds.Find("autoscaling/v1", "HorizontalPodAutoscaler");
        Assert.That(scaler, Is.SameAs(kinds.Find("autoscaling/v2", "HorizontalPodAutoscaler")));
        Assert.That((scaler!.ApiVersion, scaler.Versions, scaler.SchemaType), Is.EqualTo(
            ("autoscaling/v2", (Seq<string>)["v2", "v1"],
                "autoscaling.v2.HorizontalPodAutoscaler")));
        Assert.That(kinds.SchemaType(scaler, "v1")!.Name,
            Is.EqualTo("autoscaling.v1.HorizontalPodAutoscaler"));
        Assert.That(kinds.Find("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema")!.Version,
            Is.EqualTo("v1"));
        Assert.That(kinds.All, Has.Count.EqualTo(61).And.Unique);
    }

    [TestCase("pods", "pods")]
    [TestCase("po", "pods")]
    [TestCase("Pod", "pods")]
    [TestCase("deploy", "deployments.apps")]
    [TestCase("deployments.apps", "deployments.apps")]
    [TestCase("deployment.v1.apps", "deployments.apps")]
    [TestCase("hpa", "horizontalpodautoscalers.autoscaling")]
    [TestCase("ev", "events")]
    [TestCase("events.events.k8s.io", "events.events.k8s.io")]
    [TestCase("pods.v1", "pods")]
    [TestCase("crds", "customresourcedefinitions.apiextensions.k8s.io")]
    [TestCase("bogus", null)]
    [TestCase("pods.apps", null)]
    public void Kubectl_words_find_their_kind(string word, string? resource) =>
        Assert.That(KindRegistry.BuiltIn.FindWord(word)?.Resource, Is.EqualTo(resource));

    [Test]
    public void Paths_find_their_kind()
    {
        var kinds = KindRegistry.BuiltIn;
        Assert.That(kinds.FindResource("apps", "v1", "deployments"), Is.EqualTo(Kinds.Deployment));
        Assert.That(kinds.FindResource("apps", "v1beta1", "deployments"), Is.Null);
        Assert.That(kinds.FindResource("", "v1", "deployments"), Is.Null);
    }

    [Test]
    public void The_category_all_is_what_kubectl_get_all_shows() =>
        Assert.That(KindRegistry.BuiltIn.InCategory("all").Select(kind => kind.Plural), Is.EqualTo(
            (string[])["pods", "replicationcontrollers", "services", "daemonsets", "deployments",
                "replicasets", "statefulsets", "cronjobs", "jobs", "horizontalpodautoscalers"]));

    [Test]
    public void A_custom_kind_comes_and_goes_without_touching_the_old_registry()
    {
        var kind = new Kind
        {
            Group = "example.com",
            Version = "v1",
            Name = "Widget",
            Plural = "widgets",
            Singular = "widget",
            Namespaced = true,
            Versions = ["v1"],
        };
        var more = KindRegistry.BuiltIn.With(kind);
        Assert.That(more.Find("example.com/v1", "Widget"), Is.SameAs(kind));
        Assert.That(more.All[^1], Is.SameAs(kind));
        Assert.That(KindRegistry.BuiltIn.Find("example.com/v1", "Widget"), Is.Null);
        Assert.That(more.Without(kind).All, Is.EqualTo(KindRegistry.BuiltIn.All));
    }

    [Test]
    public void Records_and_kinds_find_each_other()
    {
        Assert.That(Kinds.Of<Pod>(), Is.SameAs(Kinds.Pod));
        Assert.That(Kinds.Pod.Type, Is.EqualTo(typeof(Pod)));
        Assert.That(Kinds.Ingress.Type, Is.EqualTo(typeof(Unstructured)));
        Assert.That(new Deployment().Kind, Is.SameAs(Kinds.Deployment));
    }

    [TestCase("replcias", "replicas")]
    [TestCase("nmae", "name")]
    [TestCase("Pood", "Pod")]
    [TestCase("ipFamily", "ipFamilies")]
    [TestCase("containerport", "containerPort")]
    [TestCase("zzz", null)]
    public void The_nearest_word_is_what_was_meant(string word, string? meant) =>
        Assert.That(Nearest.To(word,
            ["replicas", "name", "namespace", "Pod", "ipFamilies", "containerPort"]),
            Is.EqualTo(meant));
}
