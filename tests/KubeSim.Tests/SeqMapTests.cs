using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class SeqMapTests
{
    [Test]
    public void Unset_and_empty_lists_are_equal() =>
        Assert.That(default(Seq<string>), Is.EqualTo((Seq<string>)[]));
}
