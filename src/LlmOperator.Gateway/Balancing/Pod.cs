namespace LlmOperator.Gateway.Balancing;

/// <summary>A pod requests may be sent to, and what is known of it. Its figures belong to its <see cref="PodPool"/>.</summary>
/// <param name="address">IP address and port.</param>
internal sealed class Pod(string address)
{
    /// <summary>IP address and port, as they stand in a URL.</summary>
    public string Address { get; } = address;

    /// <summary>Revision of its endpoint it is of; null while that is not known.</summary>
    public string? Revision { get; set; }

    /// <summary>Requests sent to it that are not answered to their end.</summary>
    public int InFlight { get; set; }

    /// <summary>Failures without a success in between.</summary>
    public int Failures { get; set; }

    /// <summary>How often it was taken out without a success in between.</summary>
    public int Ejections { get; set; }

    /// <summary>Until when it is left alone.</summary>
    public DateTimeOffset EjectedUntil { get; set; }
}
