using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class MachinesTests
{
    private const string Digest =
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [TestCase("nginx", "docker.io/library/nginx:latest")]
    [TestCase("nginx:1.27", "docker.io/library/nginx:1.27")]
    [TestCase("bitnami/redis", "docker.io/bitnami/redis:latest")]
    [TestCase("docker.io/nginx", "docker.io/library/nginx:latest")]
    [TestCase("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10")]
    [TestCase("localhost/app", "localhost/app:latest")]
    [TestCase("localhost:5000/app", "localhost:5000/app:latest")]
    [TestCase("host:5000/team/app:v1", "host:5000/team/app:v1")]
    [TestCase("nginx@" + Digest, "docker.io/library/nginx@" + Digest)]
    [TestCase("nginx:1.27@" + Digest, "docker.io/library/nginx:1.27@" + Digest)]
    public void An_image_reference_is_completed_as_runtimes_do(string written, string full)
    {
        var reference = ImageReference.Parse(written);
        Assert.That(reference.ToString(), Is.EqualTo(full));
        Assert.That(ImageReference.Parse(full), Is.EqualTo(reference), "a full one stays as it is");
    }

    [Test]
    public void An_answer_without_an_error_is_good()
    {
        Assert.That(new Answer<string>("id", TimeSpan.FromSeconds(1)).IsOk, Is.True);
        Assert.That(new Answer<string>(null, Error: "not found").IsOk, Is.False);
    }
}
