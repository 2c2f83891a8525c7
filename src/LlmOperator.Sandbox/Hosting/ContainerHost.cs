namespace LlmOperator.Sandbox.Hosting;

/// <summary>Says which images really run in the sandbox, and what runs for them.</summary>
/// <param name="Runs">Whether it runs an image.</param>
/// <param name="Create">Makes a container that is not started yet.</param>
public sealed record ContainerHost(Predicate<string> Runs, Func<ContainerContext, IHostedContainer> Create)
{
    /// <summary>A host of all images of one name, whatever their registry, tag and digest.</summary>
    /// <param name="name">Last part of the repository, such as <c>prompt-trace</c>.</param>
    /// <param name="create">Makes a container that is not started yet.</param>
    public static ContainerHost ForImage(string name, Func<ContainerContext, IHostedContainer> create) =>
        new(image => Repository(image).Split('/')[^1].Equals(name, StringComparison.OrdinalIgnoreCase), create);

    /// <summary>An image without its tag and digest.</summary>
    /// <param name="image">Image, as a container names it.</param>
    public static string Repository(string image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var name = image.Split('@', 2)[0];
        var tag = name.LastIndexOf(':');
        return tag > name.LastIndexOf('/') ? name[..tag] : name;
    }
}

/// <summary>A container that runs in this process or in one of its own.</summary>
public interface IHostedContainer : IAsyncDisposable
{
    /// <summary>Completes with the exit code when the container has ended and listens no more.</summary>
    Task<int> Exited { get; }

    /// <summary>Starts it; probes begin when this returns. A fault ends the container with exit code 1.</summary>
    /// <param name="cancellationToken">Fires when the container is killed.</param>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Asks it to end, as SIGTERM does.</summary>
    /// <param name="kill">Fires when its grace is over: what still runs is broken off.</param>
    Task StopAsync(CancellationToken kill);
}
