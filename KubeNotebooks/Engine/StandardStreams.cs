using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeNotebooks;

/// <summary>Takes the standard streams of this process away from the cells: what a cell, or a
/// program that it starts, writes to the console's handle goes to standard error, and there is
/// nothing to read. So nobody speaks in the middle of a line of the protocol.</summary>
internal static partial class StandardStreams
{
    private const int SetDescriptorFlags = 2, CloseOnExec = 1, ReadOnly = 0, WindowsOutput = -11,
        WindowsError = -12;

    /// <summary>The streams as they were; whoever asks for them after this gets others.</summary>
    public static (Stream Input, Stream Output) Take()
    {
        Console.SetIn(TextReader.Null);
        Console.SetOut(TextWriter.Null);
        if (OperatingSystem.IsWindows())
        {
            var (input, output) = (Console.OpenStandardInput(), Console.OpenStandardOutput());
            SetHandle(WindowsOutput, GetHandle(WindowsError));
            return (input, output);
        }
        var streams = (Open(0, FileAccess.Read), Open(1, FileAccess.Write));
        _ = Put(OpenFile("/dev/null", ReadOnly), 0);
        _ = Put(2, 1);
        return streams;
    }

    private static FileStream Open(int descriptor, FileAccess access)
    {
        var own = Duplicate(descriptor);
        _ = Control(own, SetDescriptorFlags, CloseOnExec);
        return new(new SafeFileHandle(own, ownsHandle: true), access, bufferSize: 0);
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Put(int from, int to);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int value);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("kernel32", EntryPoint = "GetStdHandle")]
    private static partial nint GetHandle(int which);

    [LibraryImport("kernel32", EntryPoint = "SetStdHandle")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetHandle(int which, nint handle);
}
