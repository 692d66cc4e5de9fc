using KubeSim;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Formatting;
using NUnit.Framework;

namespace KubeNotebooks.Tests
{
    /// <summary>Values show themselves.</summary>
    public sealed class ShownTests
    {
        private static readonly Cluster Web = DrawRenderingTests.Rolled();

        private static IEnumerable<TestCaseData> Values()
        {
            static TestCaseData Case(object value, string html, string text) =>
                new TestCaseData(value, html, text).SetArgDisplayNames(value.GetType().Name);
            var steps = new Cluster(1);
            steps.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p}, "
                + "spec: {containers: [{name: c, image: nginx}]}}");
            var taken = steps.Steps(4);
            yield return Case(taken[0], "class=\"kcard\"", "step 1 ");
            yield return Case(taken, "<th>Who</th>", "step 2 ");
            yield return Case(Web.Why(Web.List<Pod>()[0]), "<img ", "why pods default/web-");
            yield return Case(Web.As("jane").Explain(Web.List<Pod>()[0]), "<img ",
                "RBAC: refused, 403: pods");
            yield return Case(Web.Converge(), "<pre class=\"kn\">met at", "met at");
            yield return Case(Web, "<img ", "The cluster now");
            yield return Case(Web.At(Web.Revision), "<img ", "Revision ");
            yield return Case(Web.List<Pod>(), "<th>READY</th>", "NAME ");
            yield return Case(Web.List<Pod>()[0], "<summary>status</summary>", "apiVersion: v1\n");
            yield return Case(Web.Kubectl("get nodes"), "node-1   Ready", "node-1   Ready");
            yield return Case(Web.Components, "replicaset-controller\n", "replicaset-controller\n");
            yield return Case((Seq<int>)[1, 2], "<td>2</td>", "1\n2");
            yield return Case(Map.Of(("app", "web")), "<td>app</td><td>web</td>", "app=web");
            yield return Case(ApiErrors.NotFound(Kinds.Pod, "x"), "404 NotFound</b><br>pods",
                "404 NotFound: pods \"x\" not found");
            yield return Case(Assert.Throws<ManifestException>(() => Web.Apply(
                "{apiVersion: v1, kind: Pod, metadata: {nam: x}}"))!, "role=\"alert\"",
                "manifest:1");
            yield return Case(Draw.Map(Web), "<img ", "3 nodes, 3 pods");
            yield return Case(Chart.Utilisation(Web), "<img ", "cpu requested");
        }

        [TestCaseSource(nameof(Values))]
        public void A_value_shows_itself_in_both_forms_and_by_formatters(
            object value, string html, string text)
        {
            Shown.Register();
            Assert.Multiple(() =>
            {
                Assert.That(Shown.Html(value), Does.Contain(html));
                Assert.That(Shown.Text(value), Does.Contain(text));
                Assert.That(value.ToDisplayString("text/html"), Is.EqualTo(Shown.Html(value)));
                Assert.That(value.ToDisplayString("text/plain"), Is.EqualTo(Shown.Text(value)));
                Assert.That(Formatter.GetPreferredMimeTypesFor(value.GetType()).First(),
                    Is.EqualTo("text/html"));
                Assert.That(value.GetType().GetMethod("ToHtml", [])!.Invoke(value, null),
                    Is.EqualTo(Shown.Html(value)), "as Verso finds it");
            });
        }

        [Test]
        public void Foreign_text_stays_text()
        {
            Assert.That(Shown.Html((Seq<string>)["<script>"]), Does.Contain("&lt;script&gt;"));
            Assert.That(Shown.Html(ApiErrors.BadRequest("<b>")), Does.Contain("&lt;b&gt;"));
        }

        // Whose ToHtml asks for a form that is not there would ask itself, without end.
        [Test]
        public void Each_type_of_the_library_that_shows_itself_has_a_form() => Assert.That(
            typeof(Cluster).Assembly.GetExportedTypes().Where(t => t.GetMethod("ToHtml") is not null
                && !t.IsGenericType && Shown.FormOf(t) is null), Is.Empty);

        [Test]
        public void A_list_is_never_shown_as_its_properties() => Assert.That(
            Shown.Html(default(Seq<int>)) + Shown.Html(Map<int>.Empty)
                + Shown.Html(default(Seq<Pod>)), Does.Not.Contain("IsUnset"));

        [Test]
        public void In_dotnet_interactive_a_value_is_displayed_and_updated_in_place()
        {
            var context = KernelInvocationContext.Current = new();
            try
            {
                var shown = Lesson.Show("one");
                shown.Update("two");
                Assert.That(context.Calls, Is.EqualTo(new[] { "display one", "update two" }));
                Assert.That(NotebookHost.Current.Name, Is.EqualTo(".NET Interactive"));
            }
            finally
            {
                KernelInvocationContext.Current = null;
            }
            Assert.That(NotebookHost.Current.Name, Is.EqualTo("console"));
        }
    }
}

// Of the shape that .NET Interactive has, which is not here.
namespace Microsoft.DotNet.Interactive
{
    /// <summary>The cell that runs.</summary>
    public sealed class KernelInvocationContext
    {
        /// <summary>The cell that runs now.</summary>
        public static KernelInvocationContext? Current { get; set; }

        /// <summary>What was asked of it.</summary>
        public List<string> Calls { get; } = [];
    }

    /// <summary>What is shown and may change.</summary>
    public sealed class DisplayedValue(KernelInvocationContext context)
    {
        /// <summary>Shows another value.</summary>
        public void Update(object value) => context.Calls.Add($"update {value}");
    }

    /// <summary>How a cell shows values.</summary>
    public static class KernelInvocationContextExtensions
    {
        /// <summary>Shows a value.</summary>
        public static DisplayedValue Display(this KernelInvocationContext context, object value,
            params string[] mimeTypes)
        {
            context.Calls.Add($"display {value}{string.Concat(mimeTypes)}");
            return new(context);
        }
    }
}
