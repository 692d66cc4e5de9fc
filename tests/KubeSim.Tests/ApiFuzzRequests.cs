using System.Text.Json.Nodes;

namespace KubeSim.Tests;

// The requests that are right, and the watches that are held open beside them.
public sealed partial class ApiFuzzTests
{
    private sealed record Held(HttpAnswer Answer, string Path, string Options, JsonArray Start);

    private sealed partial class Session
    {
        private static readonly string[] names = ["a", "b", "c", "d", "e", "web"];

        private static readonly Dictionary<Kind, string> seeds = Data.Lines("api-seeds.jsonl")
            .ToDictionary(line => KindRegistry.BuiltIn.Find(
                $"{JsonNode.Parse(line)!["apiVersion"]}", $"{JsonNode.Parse(line)!["kind"]}")!);

        private readonly List<Held> watched = [];

        // A request that the state of things allows.
        private HttpCall Right()
        {
            var kind = One([.. seeds.Keys]);
            var all = kind.Takes("list")
                ? api.Store.List(kind, null, api.Store.Head).ToArray() : [];
            if (all.Length == 0 || (all.Length < 5 && Odds(3)))
            {
                return Creation(kind);
            }
            var old = One(all);
            if (old.Key == new ObjectKey(Kinds.Namespace, "", "api"))
            {
                return Creation(kind);      // where all else lives
            }
            var (path, node) = ($"{ResourcePath.Of(old.Key)}", Json.Encode(old));
            var list = $"{new ResourcePath(kind, old.Metadata.Namespace, "")}";
            return random.Next(10) switch
            {
                0 => new("GET", path),
                1 => new("GET", list + Options("GET")),
                2 => new("DELETE", Odds(8) ? $"{list}?labelSelector=app%3Dc" : path)
                {
                    Body = Odds(2) ? null : $$"""
                        {"propagationPolicy":"{{One(["Background", "Foreground", "Orphan"])}}"}
                        """,
                },
                3 => Subresource(kind, path, node),
                4 or 5 => new("PUT", path) { Body = Changed(node, versions: true).ToJsonString() },
                6 => Patch(path, "application/merge-patch+json",
                    Meta(node["metadata"]!["resourceVersion"])),
                7 => Patch(path, "application/strategic-merge-patch+json", Strategic(kind)),
                8 => Patch(path, "application/json-patch+json", new JsonArray(
                    Operation("test", "/metadata/uid", node["metadata"]!["uid"]),
                    Operation("add", "/metadata/labels", new JsonObject { ["app"] = One(names) }))),
                _ => Patch(path + $"?fieldManager={One(names)}&force=true",
                    "application/apply-patch+yaml", Changed(Seed(kind, old.Metadata.Name), false)),
            };
        }

        private JsonObject Seed(Kind kind, string name)
        {
            var node = JsonNode.Parse(seeds[kind])!.AsObject();
            node["metadata"] = new JsonObject
            {
                ["name"] = name, ["labels"] = new JsonObject { ["app"] = One(names) },
            };
            return node;
        }

        private HttpCall Creation(Kind kind)
        {
            var definition = kind.Name == "CustomResourceDefinition";
            var node = Seed(kind, definition ? "a.example.com" : One(names));
            if (!definition && Odds(5))
            {
                node["metadata"]!.AsObject().Remove("name");
                node["metadata"]!["generateName"] = One(names) + "-";
            }
            if (Odds(6))
            {
                node["metadata"]!["finalizers"] = new JsonArray("example.com/hold");
            }
            return new("POST", $"{new ResourcePath(kind, kind.Namespaced ? "api" : "", "")}")
            {
                Body = node.ToJsonString(),
            };
        }

        // New labels, one finalizer less, another count of replicas: what any owner may do.
        private JsonObject Changed(JsonObject node, bool versions)
        {
            var meta = node["metadata"]!.AsObject();
            if (versions && Odds(2) && $"{node["kind"]}" is not ("Lease" or "CronJob"))
            {
                meta.Remove("resourceVersion");
            }
            meta["labels"] = new JsonObject { ["app"] = One(names), [One(names)] = "x" };
            meta["annotations"] = Odds(2) ? null : new JsonObject { ["a"] = One(texts) };
            if (Odds(2))
            {
                meta.Remove("finalizers");
            }
            if (node["spec"]?["replicas"] is not null)
            {
                node["spec"]!["replicas"] = random.Next(9);
            }
            return node;
        }

        private JsonObject Meta(JsonNode? version) => new()
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject { [One(names)] = Odds(3) ? null : One(names) },
                ["finalizers"] = null,
                ["resourceVersion"] = Odds(2) ? null : version?.DeepClone(),
            },
        };

        private JsonObject Strategic(Kind kind)
        {
            var container = new JsonArray(new JsonObject
            {
                ["name"] = "c", ["image"] = $"nginx:{random.Next(5)}",
            });
            return kind.Name switch
            {
                "Pod" => new() { ["spec"] = new JsonObject { ["containers"] = container } },
                "Deployment" or "DaemonSet" or "ReplicaSet" or "StatefulSet" => new()
                {
                    ["spec"] = new JsonObject
                    {
                        ["template"] = new JsonObject
                        {
                            ["spec"] = new JsonObject { ["containers"] = container },
                        },
                    },
                },
                "Service" => new()
                {
                    ["spec"] = new JsonObject
                    {
                        ["ports"] = new JsonArray(
                            new JsonObject { ["port"] = 80, ["targetPort"] = 8080 }),
                        ["type"] = One(["ClusterIP", "NodePort", "LoadBalancer"]),
                    },
                },
                _ => Meta(null),
            };
        }

        private HttpCall Subresource(Kind kind, string path, JsonObject node)
        {
            var sub = kind.Subresources.IsEmpty ? "" : One([.. kind.Subresources]);
            HttpCall Put(string body) => new(sub is "eviction" or "binding" or "token" ? "POST"
                : "PUT", $"{path}/{sub}") { Body = body };
            return sub switch
            {
                "status" => Odds(2) ? Put(node.ToJsonString())
                    : Patch($"{path}/status", "application/merge-patch+json", Meta(null)),
                "scale" => Patch($"{path}/scale", "application/merge-patch+json",
                    new JsonObject { ["spec"] = new JsonObject { ["replicas"] = random.Next(9) } }),
                "finalize" or "resize" or "ephemeralcontainers" => Put(node.ToJsonString()),
                "eviction" => Put($$$"""{"metadata":{"name":"{{{node["metadata"]!["name"]}}}"}}"""),
                "binding" => Put("""{"target":{"kind":"Node","name":"n"}}"""),
                "token" => Put("""{"spec":{}}"""),
                _ => new("GET", path),
            };
        }

        private static JsonObject Operation(string op, string path, JsonNode? value) => new()
        {
            ["op"] = op, ["path"] = path, ["value"] = value?.DeepClone(),
        };

        private static HttpCall Patch(string path, string type, JsonNode body) =>
            new("PATCH", path) { ContentType = type, Body = body.ToJsonString() };

        // Ends a watch now and then, and opens another where a list that was walked in pages ends.
        private void Look(int number)
        {
            if (watched.Count == 8)
            {
                End(watched[0], number);
                watched.RemoveAt(0);
            }
            var kind = One([.. seeds.Keys.Where(k => k.Takes("watch"))]);
            var path = $"{new ResourcePath(kind, kind.Namespaced && Odds(2) ? "api" : "", "")}";
            var options = One(["", "&labelSelector=app%3Dweb", "&labelSelector=app%20in%20(a,b)",
                "&labelSelector=!a", "&fieldSelector=metadata.name!%3Da"]);
            var (items, revision, at) = (new JsonArray(), "", "");
            do
            {
                var page = api.Server.Serve(new("GET", $"{path}?limit=2{at}{options}")).Body!;
                var version = $"{page["metadata"]!["resourceVersion"]}";
                Check(revision.Length == 0 || version == revision, "pages of two revisions", path);
                (revision, at) = (version, $"&continue={page["metadata"]!["continue"]}");
                foreach (var item in page["items"]!.AsArray())
                {
                    items.Add(item!.DeepClone());
                }
                Ask(Right(), number);
            }
            while (at != "&continue=");
            var answer = api.Server.Serve(
                new("GET", $"{path}?watch=true&resourceVersion={revision}{options}"));
            watched.Add(new(answer, path, options, items));
        }

        // The list at the start and what a watch told since make the list now.
        private void End(Held held, int number)
        {
            static string Key(JsonNode? o) =>
                $"{o!["metadata"]!["namespace"]}/{o["metadata"]!["name"]}";
            var shown = $"seed {seed}, request {number}: {held.Path} {held.Options}";
            var mine = held.Start.ToDictionary(Key, item => item!);
            var last = 0L;
            while (held.Answer.Watch!.TryNext(out var change))
            {
                var line = ApiServer.WatchLine(change);
                var (type, value) = ($"{line["type"]}", line["object"]!);
                var at = long.Parse($"{value["metadata"]!["resourceVersion"]}");
                Check(at > last, "a watch goes back", shown);
                Check(mine.ContainsKey(Key(value)) == (type != "ADDED"),
                    $"{type} of what is {(type == "ADDED" ? "" : "not ")}there", shown);
                last = at;
                if (type == "DELETED")
                {
                    mine.Remove(Key(value));
                }
                else
                {
                    mine[Key(value)] = value;
                }
            }
            Check(held.Answer.Watch.Ended is null, "a watch ended", shown);
            held.Answer.Watch.Dispose();
            var now = api.Server.Serve(new("GET", $"{held.Path}?{held.Options}")).Body!["items"]!;
            Check(now.AsArray().Select(Bare).SequenceEqual(mine
                .OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => Bare(i.Value))),
                "a watch and the list differ", $"{shown}\n{now.ToJsonString()}\n"
                + string.Join('\n', mine.Values.Select(i => i.ToJsonString())));
        }

        // Items of a list do not say what kind they are.
        private static string Bare(JsonNode? value)
        {
            var copy = value!.DeepClone().AsObject();
            _ = copy.Remove("kind") && copy.Remove("apiVersion");
            return copy.ToJsonString();
        }
    }
}
