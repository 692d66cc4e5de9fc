using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What the kubelet works out without doing anything, against upstream's own
/// cases.</summary>
public sealed class KubeletTableTests
{
    private static IEnumerable<object[]> Cases(string claim) =>
        TestData.Of("kubelet.tsv", claim).Select(row => new object[] { row[0], row });

    private static IEnumerable<object[]> Actions() => Cases("actions");

    private static IEnumerable<object[]> Phases() => Cases("phase");

    private static IEnumerable<object[]> Graces() => Cases("grace");

    private static Pod PodOf(string json)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "foo" },
            ["spec"] = node["spec"]?.DeepClone() ?? node.DeepClone(),
            ["status"] = node["spec"] is null ? null : node["status"]?.DeepClone(),
        };
        return Json.Decode<Pod>(pod);
    }

    [TestCaseSource(nameof(Actions))]
    public void What_is_done_next_follows_from_the_runtime(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        var actions = PodActions.Of(pod, View(pod, row[2], row[3]), Probes(pod, row[4]));
        var text = string.Join('\t', $"{actions.KillPod}", $"{actions.CreateSandbox}",
            $"{actions.Attempt}", string.Join(' ', actions.InitToStart),
            string.Join(' ', actions.ToStart),
            string.Join(' ', actions.ToKill.Select(k => k.Container.Config.Name)));
        Assert.That(text, Is.EqualTo(string.Join('\t', row[5..])), claim);
    }

    [TestCaseSource(nameof(Phases))]
    public void The_phase_follows_from_the_containers(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        // In these cases every status stands in one list.
        var all = pod.Status.ContainerStatuses;
        var inits = pod.Status.InitContainerStatuses.IsEmpty
            ? all : pod.Status.InitContainerStatuses;
        Assert.That(PodPhases.Of(pod.Spec, inits, all, row[2] == "True"), Is.EqualTo(row[3]),
            claim);
    }

    [Test]
    public void Conditions_follow_from_the_containers()
    {
        Assert.Multiple(() =>
        {
            foreach (var claim in (string[])["ready", "containers", "initialized"])
            {
                foreach (var row in TestData.Of("kubelet.tsv", claim))
                {
                    var condition = Condition(claim, PodOf((string)row[0]), (string)row[1]);
                    var text = $"{condition.Status} {condition.Reason}";
                    Assert.That(text, Is.EqualTo($"{row[2]} {row[3]}"), $"{claim} {row[0]}");
                    if (claim != "initialized")
                    {
                        Assert.That(condition.Message ?? "", Is.EqualTo(row[4]), $"{row[0]}");
                    }
                }
            }
        });
    }

    [TestCaseSource(nameof(Graces))]
    public void A_probe_may_bring_a_grace_period_of_its_own(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        var reason = Enum.TryParse<KillReason>(row[2], out var known) ? known : KillReason.Other;
        Assert.That(Kubelet.GraceOf(pod, pod.Spec.Containers[0], reason).TotalSeconds,
            Is.EqualTo(TestData.Number(row[3])), claim);
    }

    private static PodCondition Condition(string claim, Pod pod, string phase)
    {
        var (spec, status) = (pod.Spec, pod.Status);
        var (inits, mains) = (status.InitContainerStatuses, status.ContainerStatuses);
        var ready = PodConditions.ContainersReady(spec, inits, mains, phase);
        return claim == "containers" ? ready
            : claim == "ready" ? PodConditions.Ready(spec, ready, status.Conditions)
            : PodConditions.Initialized(spec, inits, mains, phase);
    }

    private static PodView View(Pod pod, string containers, string sandboxes) => new(
        [.. Words(sandboxes).Select(w => new PodSandboxStatus(w[0],
            new("foo", "12345678", "foo-ns", (int)TestData.Number(w[3])), w[1] == "1", default,
            w[2].Length == 0 ? [] : [w[2]]))],
        [.. Words(containers).Select(w => new CriContainerStatus
        {
            Id = w[0], PodSandboxId = "sandboxID", ExitCode = (int)TestData.Number(w[2]),
            State = Enum.Parse<CriContainerState>(w[1], ignoreCase: true),
            Config = new()
            {
                Name = w[0],
                Image = w[3] == "changed" ? "old" : All(pod)
                    .FirstOrDefault(c => c.Name == w[0])?.Image ?? "",
            },
        })]);

    private static IEnumerable<Container> All(Pod pod) =>
        [.. pod.Spec.InitContainers, .. pod.Spec.Containers];

    private static IEnumerable<string[]> Words(string cell) =>
        cell.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split(':'));

    // "*:+:-" is for every container with probes: startup passed, liveness not asked yet; "!"
    // marks the last one's failure.
    private static PodProbes Probes(Pod pod, string cell)
    {
        var probes = new PodProbes();
        if (cell.StartsWith('*'))
        {
            var marks = cell.Split(':');
            foreach (var init in pod.Spec.InitContainers.Where(c => c.StartupProbe is not null))
            {
                var last = init == pod.Spec.InitContainers[^1];
                probes.Set(init.Name, ProbeKind.Startup, Mark(marks[1], last));
                probes.Set(init.Name, ProbeKind.Liveness, Mark(marks[2], last));
            }
        }
        else if (cell.Length > 0)
        {
            probes.Set("foo2", Enum.Parse<ProbeKind>(cell, ignoreCase: true), false);
        }
        return probes;
    }

    private static bool? Mark(string mark, bool last) => mark switch
    {
        "-" => null,
        "!" => !last,
        _ => true,
    };
}
