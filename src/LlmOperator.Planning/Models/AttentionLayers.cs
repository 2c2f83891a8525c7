namespace LlmOperator.Planning.Models;

/// <summary>Which layers of a model keep keys and values, and which of them only for a window.</summary>
internal static class AttentionLayers
{
    /// <summary>Layers that keep keys and values (null for all), the window, and the layers that have one.</summary>
    public static (int? Keeping, int? Window, int? Sliding) Read(ConfigFields fields, int? layers)
    {
        int? keeping = null;
        int? sliding = null;
        if (fields.Texts("layer_types") is { Count: > 0 and <= 1000 } types)
        {
            var attending = types.Count(type => type is "full_attention" or "sliding_attention" or "chunked_attention" or "attention");
            keeping = attending > 0 && attending < types.Count ? attending : null;
            sliding = types.Count(type => type == "sliding_attention");
        }

        var window = fields.Flag("use_sliding_window") == false ? null : fields.Count("sliding_window", 100_000_000);
        if (window is null || sliding == 0 || layers is not { } all)
        {
            return (keeping, null, null);
        }

        sliding ??= fields.Count("sliding_window_pattern", 1000) is { } pattern ? all - (all / pattern)
            : fields.Flag("use_sliding_window") == true && fields.Count("max_window_layers", 1000) is { } whole ? Math.Max(0, all - whole)
            : fields.Text("model_type") == "gemma2" ? all / 2
            : all;
        return sliding == 0 ? (keeping, null, null) : (keeping, window, sliding);
    }
}
