using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class ChunkedLogTests
{
    [Test]
    public void A_log_is_a_queue_whose_items_keep_their_index() =>
        Prop.ForAll<short[]>(moves =>
        {
            var log = new ChunkedLog<long>(7);
            var model = new Queue<long>();
            foreach (var move in moves)
            {
                // Long runs of one kind, so that chunks fill and empty.
                for (var i = 0; i < Math.Abs(move % 700); i++)
                {
                    if (move > 0)
                    {
                        model.Enqueue(log.Next);
                        Assert.That(log.Append(log.Next), Is.EqualTo(log.Next - 1));
                    }
                    else if (model.Count > 0)
                    {
                        model.Dequeue();
                        log.DropFirst();
                    }
                }
                Assert.That(log.Count, Is.EqualTo(model.Count));
                var index = log.First;
                Assert.That(model.All(item => item == index && log[index++] == item));
            }
        }).Check(Config.QuickThrowOnFailure);

    [Test]
    public void What_is_cut_off_or_not_written_cannot_be_read()
    {
        var log = new ChunkedLog<string>(1);
        log.Append("a");
        log.Append("b");
        log.DropFirst();
        Assert.That(() => log[1], Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(log[2], Is.EqualTo("b"));
        Assert.That(() => log[3], Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
