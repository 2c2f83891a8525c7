namespace LlmOperator.Api;

/// <summary>Group, version and well-known names of the project's API.</summary>
public static class ApiGroup
{
    /// <summary>API group.</summary>
    public const string Name = "llmops.dev";

    /// <summary>Version served and stored.</summary>
    public const string Version = "v1alpha1";

    /// <summary><c>group/version</c>.</summary>
    public const string ApiVersion = Name + "/" + Version;

    /// <summary>Category of all kinds: <c>kubectl get llmops</c> lists them together.</summary>
    public const string Category = "llmops";

    /// <summary>Finalizer the operator holds while something must happen before an object goes.</summary>
    public const string Finalizer = Name + "/finalizer";

    /// <summary>Label of the objects that serve an endpoint; its value is the endpoint's name.</summary>
    public const string EndpointLabel = Name + "/endpoint";

    /// <summary>Label that names the model served.</summary>
    public const string ModelLabel = Name + "/model";

    /// <summary>Label of the objects of a RagIndex's Qdrant; its value is the name of the RagIndex.</summary>
    public const string RagIndexLabel = Name + "/rag-index";

    /// <summary>Label that names the revision of an endpoint's configuration.</summary>
    public const string RevisionLabel = Name + "/revision";

    /// <summary>Annotation with the hash of what the operator wanted of an object when it last wrote it.</summary>
    public const string ContentHashAnnotation = Name + "/content-hash";

    /// <summary>Annotation of an endpoint's workload with the image the operator gave its sidecar.</summary>
    public const string SidecarImageAnnotation = Name + "/prompt-trace-image";

    /// <summary>Label of pods that load weights from a model's cache; its value names the set of folders they load.</summary>
    public const string CacheLabel = Name + "/cache";

    /// <summary>Annotation of a cache's volume claim with the folders that are whole, separated by commas. It goes with the claim, as the folders do.</summary>
    public const string CachedFoldersAnnotation = Name + "/cached-folders";

    /// <summary>Annotation of an LlmModel: any new value has its revision resolved anew, which takes an update that is available.</summary>
    public const string RefreshAnnotation = Name + "/refresh";
}
