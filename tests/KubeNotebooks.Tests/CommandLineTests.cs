using NUnit.Framework;

namespace KubeNotebooks.Tests;

public sealed class CommandLineTests
{
    [Test]
    public void No_argument_is_no_error() => Assert.That(Program.Main([]), Is.Zero);
}
