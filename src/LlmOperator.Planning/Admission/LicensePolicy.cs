namespace LlmOperator.Planning.Admission;

/// <summary>What is done about a model nobody gave a licence.</summary>
public enum LicensePolicy
{
    /// <summary>Whoever creates the model or an endpoint of it is warned.</summary>
    Warn,

    /// <summary>It is not served.</summary>
    Refuse,

    /// <summary>Nothing.</summary>
    Ignore,
}
