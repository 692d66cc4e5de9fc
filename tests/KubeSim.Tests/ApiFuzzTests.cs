using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Random requests, most of them nearly right: objects made from the schema or seen
/// before, with a few values damaged. Whatever comes, the server answers as the API does, a refusal
/// has written nothing, and what is stored can be read, encoded and stored again.</summary>
public sealed class ApiFuzzTests
{
    private static readonly string[] texts =
        ["a", "b", "c", "web", "", "A_b", "a.b", "-", "x/y", "1", "-1", "10%", "100m", "1Gi", "nil",
        "10.96.0.7", "None", "*/5 * * * *", "ä", "Always", "Never", "true", "{}", "null", "\0"];

    private static readonly long[] numbers =
        [0, 1, 2, 3, 80, 30080, -1, 65536, int.MaxValue, long.MaxValue, long.MinValue];

    [TestCase(10_000)]
    public void No_request_is_answered_but_as_the_API_answers(int requests) => Run(requests);

    [TestCase(1_000_000), Category("Long"), Explicit("minutes: --filter TestCategory=Long")]
    public void No_request_of_a_million_is(int requests) => Run(requests);

    private static void Run(int requests)
    {
        var codes = new SortedDictionary<int, int>();
        var faults = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var (seed, left) = (1UL, requests); left > 0; seed++, left -= 5_000)
        {
            // A fresh server now and then, so that what is stored stays small.
            new Session(seed, codes, faults).Run(Math.Min(left, 5_000));
        }
        TestContext.Out.WriteLine(string.Join(", ", codes.Select(c => $"{c.Key}: {c.Value}")));
        Assert.That(faults, Is.Empty, string.Join("\n\n", faults.Take(20)));
        Assert.That(codes.Keys, Is.SupersetOf(new[] { 200, 201, 400, 404, 405, 409, 415, 422 }));
    }

    private sealed class Session(
        ulong seed, SortedDictionary<int, int> codes, SortedDictionary<string, string> faults)
    {
        private readonly ApiFixture api = new(seed);
        private readonly Prng random = new(seed);
        private readonly Kind[] kinds = [.. KindRegistry.BuiltIn.All.Where(k =>
            k.Verbs.IsEmpty || k.Verbs.Contains("create"))];

        private readonly List<JsonObject> seen = [];

        public void Run(int requests)
        {
            for (var i = 0; i < requests; i++)
            {
                api.Now += TimeSpan.FromSeconds(1);
                Ask(Make(), i);
            }
        }

        private void Ask(HttpCall call, int number)
        {
            var shown = $"seed {seed}, request {number}: {call}";
            var before = api.Store.Head;
            HttpAnswer answer;
            try
            {
                answer = api.Server.Serve(call);
            }
            catch (Exception e)
            {
                Check(false, $"threw {e.GetType().Name} "
                    + string.Join(" < ", e.StackTrace!.Split('\n').Select(f => f.Trim())
                        .Where(f => f.Contains("KubeSim.")).Take(2)), $"{shown} {e.Message}");
                return;
            }
            using var watch = answer.Watch;
            codes[answer.Code] = codes.GetValueOrDefault(answer.Code) + 1;
            if (answer.Code >= 400)
            {
                if (answer.Body is not JsonObject status)
                {
                    Check($"{answer.Body}" == "404 page not found\n", "no status", shown);
                    return;
                }
                Check($"{status["kind"]} {status["status"]} {status["code"]}"
                    == $"Status Failure {answer.Code}" && $"{status["message"]}".Length > 0,
                    "no status", $"{shown}\n{answer.Body}");
                Check(api.Store.Head == before, "a refusal wrote", $"{shown}\n{answer.Body}");
                Check(answer.Code != 500 || Known500($"{status["message"]}"), "a fault",
                    $"{shown}\n{answer.Body}");
            }
            else if (answer.Code == 201 && answer.Body is JsonObject stored
                && stored["spec"] is not null && seen.Count < 300)
            {
                seen.Add(stored);
            }
            for (var at = before.Next; at <= api.Store.Head; at = at.Next)
            {
                CheckStored(at, shown);
            }
        }

        // Every revision is one whole object, which reads back as it was written.
        private void CheckStored(Revision at, string shown)
        {
            if (api.Store.Log(at).New is not { } value)
            {
                return;
            }
            var line = Json.Line(value);
            Check(value.Metadata.ResourceVersion == at && value.Metadata.Name.Length > 0
                && value.Metadata.Uid.Length > 0 && value.Metadata.CreationTimestamp is not null,
                "half an object", $"{line}\n{shown}");
            Check(Json.Line(Json.Decode(Json.Encode(value), value.Kind)) == line,
                $"{value.Kind} reads back otherwise", $"{line}\n{shown}");
        }

        // The few faults that the real server too tells as its own.
        private static bool Known500(string message) =>
            message.StartsWith("resourceVersion", StringComparison.Ordinal)
            || message.Contains("does not contain declared merge key", StringComparison.Ordinal)
            || message.StartsWith("This pod has more than one", StringComparison.Ordinal)
            || message.StartsWith("couldn't get version/kind", StringComparison.Ordinal)
            || message.Contains("range is full", StringComparison.Ordinal);

        private void Check(bool holds, string fault, string example)
        {
            if (!holds)
            {
                faults.TryAdd(fault, example);
            }
        }

        private HttpCall Make()
        {
            var kind = One(kinds);
            var method = One(["GET", "POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE"]);
            var name = method is "POST" ? "" : One(["/a", "/b", "/c", "/web", ""]);
            var sub = kind.Subresources.IsEmpty || !Odds(6) ? ""
                : $"/{One([.. kind.Subresources])}";
            name = sub.Length > 0 && name.Length == 0 ? "/a" : name;
            var path = new ResourcePath(kind, kind.Namespaced || Odds(50) ? "api" : "", "");
            return new(method, $"{path}{name}{sub}{Options(method)}")
            {
                Accept = Odds(20) ? "application/json;as=Table;v=v1" : null,
                ContentType = method == "PATCH" ? One(
                    ["application/merge-patch+json", "application/strategic-merge-patch+json",
                    "application/json-patch+json", "application/json"])
                    : Odds(100) ? "text/plain" : null,
                Body = method == "GET" ? null : Body(kind, method, sub),
            };
        }

        private string Body(Kind kind, string method, string sub)
        {
            if (Odds(100))
            {
                return One(["", "{", "[]", "null", "1", "\"a\"", "{\"metadata\":[]}"]);
            }
            if (method == "DELETE")
            {
                return Damaged(new JsonObject
                {
                    ["propagationPolicy"] = One(["Background", "Foreground", "Orphan", "x"]),
                    ["gracePeriodSeconds"] = random.Next(3) - 1,
                });
            }
            var type = KindRegistry.BuiltIn.SchemaType(kind, kind.Version);
            var known = seen.Count > 0 && Odds(2) ? One([.. seen.Where(s =>
                $"{s["kind"]}" == kind.Name).DefaultIfEmpty()!]) : null;
            var value = known?.DeepClone().AsObject() ?? Object(type!, 0);
            value["apiVersion"] = kind.ApiVersion;
            value["kind"] = sub switch { "/scale" => "Scale", "/eviction" => "Eviction",
                "/binding" => "Binding", _ => kind.Name };
            value["metadata"] = new JsonObject { ["name"] = One(["a", "b", "c", "web"]) };
            if (Odds(3))
            {
                value["metadata"]!["labels"] = new JsonObject { ["app"] = One(texts) };
                value["metadata"]!["finalizers"] = new JsonArray("example.com/hold");
            }
            return method == "PATCH" && Odds(4) ? Operations(type!) : Damaged(value);
        }

        private string Operations(SchemaType type) => new JsonArray(new JsonObject
        {
            ["op"] = One(["add", "remove", "replace", "test", "move", "copy", "x"]),
            ["path"] = $"/spec/{One([.. Fields(type).Select(f => f.Name)])}",
            ["from"] = "/metadata/labels",
            ["value"] = One(texts),
        }).ToJsonString();

        // Fields of the spec, of the type itself where there is none.
        private static SchemaField[] Fields(SchemaType type) =>
            [.. (type.Field("spec")?.Type ?? type).Fields];

        private JsonObject Object(SchemaType type, int depth)
        {
            var result = new JsonObject();
            foreach (var field in type.Fields)
            {
                if (field.Required || Odds(depth < 2 ? 2 : 6))
                {
                    result[field.Name] = Value(field, depth);
                }
            }
            return result;
        }

        private JsonNode? Value(SchemaField field, int depth)
        {
            if (field.IsMap)
            {
                return new JsonObject { [One(["app", "cpu", "a"])] = Single(field, depth) };
            }
            return field.IsList
                ? new JsonArray([.. Enumerable.Range(0, random.Next(3))
                    .Select(_ => Single(field, depth))])
                : Single(field, depth);
        }

        private JsonNode? Single(SchemaField field, int depth) => field.Type is { } type
            ? depth > 7 ? new JsonObject() : Object(type, depth + 1)
            : !field.Enum.IsEmpty && !Odds(10) ? JsonValue.Create(One([.. field.Enum]))
            : field.TypeName switch
            {
                "int32" or "int64" => JsonValue.Create(One(numbers)),
                "bool" => JsonValue.Create(Odds(2)),
                "Quantity" => JsonValue.Create(One(["1", "100m", "1Gi", "-1", "x"])),
                "IntOrString" => Odds(2) ? JsonValue.Create(One(numbers)) : One(texts),
                "Time" or "MicroTime" => "2025-01-01T00:00:00Z",
                _ => One(texts),
            };

        // A few values replaced by others, of any type.
        private string Damaged(JsonObject value)
        {
            for (var times = random.Next(3); times > 0; times--)
            {
                JsonNode at = value;
                while (at is JsonObject { Count: > 0 } map)
                {
                    var key = One([.. map.Select(pair => pair.Key)]);
                    if (map[key] is not JsonObject { Count: > 0 } inner || Odds(4))
                    {
                        map[key] = One<Func<JsonNode?>>([() => One(texts), () => One(numbers),
                            () => new JsonArray(), () => new JsonObject(), () => null])();
                        break;
                    }
                    at = inner;
                }
            }
            return value.ToJsonString();
        }

        private string Options(string method) => !Odds(4) ? "" : One<string>(method == "GET"
            ? ["?watch=1", "?limit=2", "?limit=x", "?labelSelector=app", "?labelSelector=(",
                "?fieldSelector=metadata.name%3Da", "?fieldSelector=x%3D1", "?resourceVersion=3",
                "?resourceVersion=3&resourceVersionMatch=Exact", "?resourceVersionMatch=Exact",
                "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
                "?limit=1&continue=abc", "?watch=1&resourceVersion=99999999"]
            : ["?dryRun=All", "?dryRun=x", "?fieldValidation=Strict", "?fieldManager=me",
                "?force=true"]);

        private bool Odds(int of) => random.Next(of) == 0;

        private T One<T>(T[] of) => of[random.Next(of.Length)];
    }
}
