using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class PatchTests
{
    // The type that upstream's own cases of the strategic merge patch are written for.
    private static readonly SchemaType MergeItem =
        new Schema(Data.Text("merge-item.txt")).Find("MergeItem")!;

    private static IEnumerable<TestCaseData> Upstream() => Data.Lines("strategic-merge.tsv")
        .Select(line => line.Split('\t'))
        .Select(words => new TestCaseData((object)words[1..].Select(Parse).ToArray())
            .SetArgDisplayNames(words[0]));

    [TestCaseSource(nameof(Upstream))]
    public void Strategic_merge_does_as_upstream_says(JsonNode[] trees)
    {
        var (original, modified, current) = (trees[0], trees[1], trees[2]);
        var twoWay = StrategicMerge.TwoWay(original.AsObject(), modified.AsObject(), MergeItem);
        var threeWay = StrategicMerge.ThreeWay(
            original.AsObject(), modified.AsObject(), current.AsObject(), MergeItem);
        using (Assert.EnterMultipleScope())
        {
            Equal(twoWay, trees[3], "two-way patch");
            Equal(StrategicMerge.Apply(original.AsObject(), trees[3].AsObject(), MergeItem),
                trees[4], "two-way result");
            Equal(threeWay, trees[5], "three-way patch");
            Equal(StrategicMerge.Apply(current.AsObject(), trees[5].AsObject(), MergeItem),
                trees[6], "three-way result");
        }
    }

    // Laws, tried on 3,000 random objects: a diff applied gives what was wanted; between equal
    // objects
    // there is none; and what only the server has survives an apply.
    [Test]
    public void A_diff_applied_gives_the_wanted_object()
    {
        var dice = new Prng(11);
        for (var round = 0; round < 3000; round++)
        {
            var (from, to) = (RandomItem(dice, 3), RandomItem(dice, 3));
            var patch = StrategicMerge.TwoWay(from, to, MergeItem);
            var story = $"{from.ToJsonString()}\n{to.ToJsonString()}\n{patch.ToJsonString()}";
            Equal(StrategicMerge.Apply(from, patch, MergeItem), to, story);
            Equal(StrategicMerge.TwoWay(to, to, MergeItem), new JsonObject(), story);

            var live = from.DeepClone().AsObject();
            live["uid"] = "u";
            Equal(StrategicMerge.ThreeWay(from, to, from, MergeItem), patch, story);
            var apply = StrategicMerge.ThreeWay(from, to, live, MergeItem);
            to["uid"] = "u";
            Equal(StrategicMerge.Apply(live, apply, MergeItem), to, story);
        }
    }

    private static JsonObject RandomItem(Prng dice, int depth)
    {
        var item = new JsonObject();
        string[] fields =
        [
            "value", "other", "simpleMap", "nonMergingList", "mergingIntList", "mergingList",
            "mergeItemPtr", "retainKeysMap", "retainKeysMergingList",
        ];
        foreach (var field in fields)
        {
            if (dice.Next(2) == 0)
            {
                continue;
            }
            switch (field)
            {
                case "value" or "other":
                    item[field] = $"{dice.Next(3)}";
                    break;
                case "simpleMap":
                    item[field] = new JsonObject { [$"k{dice.Next(3)}"] = $"{dice.Next(2)}" };
                    break;
                case "mergingIntList" or "nonMergingList":
                    item[field] = new JsonArray(
                        [.. Shuffled(dice).Select(n => JsonValue.Create(n))]);
                    break;
                case "mergeItemPtr" or "retainKeysMap" when depth > 0:
                    item[field] = RandomItem(dice, depth - 2);
                    break;
                case "mergingList" or "retainKeysMergingList" when depth > 0:
                    item[field] = new JsonArray([.. Shuffled(dice).Select(n =>
                    {
                        var inner = RandomItem(dice, depth - 2);
                        inner["name"] = $"n{n}";
                        return inner;
                    })]);
                    break;
                default:
                    break;
            }
        }
        return item;
    }

    private static List<int> Shuffled(Prng dice) =>
        [.. Enumerable.Range(0, 4).OrderBy(_ => dice.NextBits()).Take(dice.Next(4))];

    [Test]
    public void Containers_merge_by_name_and_env_within_them()
    {
        var live = Parse("""
            {"containers":[{"name":"a","image":"a:1","env":[{"name":"X","value":"1"}]},
                           {"name":"b","image":"b:1"}]}
            """).AsObject();
        var patch = Parse("""
            {"containers":[{"name":"a","env":[{"name":"Y","value":"2"}]},
                           {"name":"b","$patch":"delete"}]}
            """).AsObject();
        Equal(StrategicMerge.Apply(live, patch, Schema.BuiltIn.Find("PodSpec")), Parse("""
            {"containers":[{"name":"a","image":"a:1",
              "env":[{"name":"Y","value":"2"},{"name":"X","value":"1"}]}]}
            """), "result");
    }

    [Test]
    public void A_changed_strategy_drops_the_fields_of_the_old_one()
    {
        var type = Schema.BuiltIn.Find("DeploymentSpec");
        var live = Parse(
            """{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}""");
        var patch = Parse("""{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}""");
        Equal(StrategicMerge.Apply(live.AsObject(), patch.AsObject(), type),
            Parse("""{"strategy":{"type":"Recreate"}}"""), "result");
    }

    [Test]
    public void Apply_leaves_alone_what_others_added()
    {
        var type = Schema.BuiltIn.Find("Deployment");
        var original = Parse("""{"metadata":{"labels":{"a":"1","b":"2"}}}""").AsObject();
        var modified = Parse("""{"metadata":{"labels":{"a":"1","c":"3"}}}""").AsObject();
        var current = Parse(
            """{"metadata":{"labels":{"a":"1","b":"2","z":"9"},"uid":"u"},"status":{}}""")
            .AsObject();
        var patch = StrategicMerge.ThreeWay(original, modified, current, type);
        Equal(patch, Parse("""{"metadata":{"labels":{"c":"3","b":null}}}"""), "patch");
        Equal(StrategicMerge.Apply(current, patch, type)["metadata"]!["labels"]!,
            Parse("""{"a":"1","c":"3","z":"9"}"""), "labels");
    }

    [TestCase("""{"containers":[{"image":"x"}]}""")]
    [TestCase("""{"containers":["x"]}""")]
    public void An_item_without_its_merge_key_is_refused(string items)
    {
        var patch = Parse(items).AsObject();
        var live = Parse("""{"containers":[{"name":"a"}]}""").AsObject();
        Assert.That(() => StrategicMerge.Apply(live, patch, Schema.BuiltIn.Find("PodSpec")),
            Throws.TypeOf<ApiException>().With.Message.Contains("declared merge key: name"));
    }

    // The examples of RFC 7386, appendix A.
    [TestCase("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [TestCase("""{"a":"b"}""", """{"a":null}""", "{}")]
    [TestCase("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [TestCase("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [TestCase("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [TestCase("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [TestCase("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [TestCase("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Merge_patch_does_as_its_rfc_says(string target, string patch, string result) =>
        Equal(MergePatch.Apply(Parse(target), Parse(patch))!, Parse(result), "result");

    [Test]
    public void A_merge_diff_applied_gives_the_wanted_object()
    {
        var from = Parse("""{"a":1,"b":{"c":2,"d":[1]},"e":"x"}""").AsObject();
        var to = Parse("""{"a":1,"b":{"d":[2],"f":{}}}""").AsObject();
        var patch = MergePatch.Diff(from, to);
        Equal(patch, Parse("""{"b":{"c":null,"d":[2],"f":{}},"e":null}"""), "patch");
        Equal(MergePatch.Apply(from, patch)!, to, "result");
    }

    // The examples of RFC 6902, appendix A.
    [TestCase("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"q"}]""",
        """{"foo":"bar","baz":"q"}""")]
    [TestCase("""{"f":[1,3]}""", """[{"op":"add","path":"/f/1","value":2}]""", """{"f":[1,2,3]}""")]
    [TestCase("""{"f":[1]}""", """[{"op":"add","path":"/f/-","value":[2]}]""", """{"f":[1,[2]]}""")]
    [TestCase("""{"f":1,"g":2}""", """[{"op":"remove","path":"/f"}]""", """{"g":2}""")]
    [TestCase("""{"f":[1,2,3]}""", """[{"op":"remove","path":"/f/1"}]""", """{"f":[1,3]}""")]
    [TestCase("""{"f":1}""", """[{"op":"replace","path":"/f","value":2}]""", """{"f":2}""")]
    [TestCase("""{"f":{"a":1},"g":{}}""", """[{"op":"move","from":"/f/a","path":"/g/b"}]""",
        """{"f":{},"g":{"b":1}}""")]
    [TestCase("""{"f":[1,2,3]}""", """[{"op":"move","from":"/f/0","path":"/f/2"}]""",
        """{"f":[2,3,1]}""")]
    [TestCase("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""",
        """{"a":{"b":1},"c":{"b":1}}""")]
    [TestCase("""{"/":9,"~1":10}""", """[{"op":"test","path":"/~01","value":10}]""",
        """{"/":9,"~1":10}""")]
    public void Json_patch_does_as_its_rfc_says(string target, string patch, string result) =>
        Equal(JsonPatch.Apply(Parse(target), Parse(patch))!, Parse(result), "result");

    [TestCase("""[{"op":"test","path":"/spec/replicas","value":9}]""")]
    [TestCase("""[{"op":"remove","path":"/nothing"}]""")]
    [TestCase("""[{"op":"add","path":"/list/7","value":1}]""")]
    [TestCase("""[{"op":"add","path":"/no/way","value":1}]""")]
    [TestCase("""[{"op":"jump","path":"/spec"}]""")]
    public void A_json_patch_that_fails_is_refused_without_a_reason(string patch)
    {
        var target = Parse("""{"spec":{"replicas":3},"list":[]}""");
        var status = Assert.Throws<ApiException>(
            () => JsonPatch.Apply(target, Parse(patch)))!.Status;
        Assert.That((status.Code, status.Reason, status.Message, status.Details), Is.EqualTo((422,
            "Invalid", "the server rejected our request due to an error in our request",
            new StatusDetails())));
    }

    [Test]
    public void A_json_patch_must_be_a_list()
    {
        var status = Assert.Throws<ApiException>(
            () => JsonPatch.Apply(new JsonObject(), Parse("""{"op":"remove"}""")))!.Status;
        Assert.That((status.Code, status.Message), Is.EqualTo((400, "error decoding patch: json: "
            + "cannot unmarshal object into Go value of type []handlers.jsonPatchOp")));
    }

    private static JsonNode Parse(string text) => JsonNode.Parse(text)!;

    private static void Equal(JsonNode actual, JsonNode expected, string what) =>
        Assert.That(Json.Text(actual), Is.EqualTo(Json.Text(expected)), what);
}
