using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes;

/// <summary>An object with metadata, of whatever kind.</summary>
public interface IKubeObject
{
    /// <summary><c>group/version</c> of the kind.</summary>
    string ApiVersion { get; }

    /// <summary>CamelCase kind.</summary>
    string Kind { get; }

    /// <summary>Name, namespace, owners and versions.</summary>
    ObjectMeta Metadata { get; }
}

/// <summary>
/// A kind that knows its own place in the API and its own JSON, so that no reflection or discovery is needed.
/// A type is a projection: it declares only the fields we read or write, and unknown JSON is skipped.
/// It is therefore never written back with PUT; see <see cref="IFullObject{TSelf}"/>.
/// </summary>
/// <remarks>
/// Objects that were read are shared by all who read them: a changed one is made by <c>with</c>. The properties of objects read in great numbers can be set and none is <c>required</c>
/// for the serialiser's sake alone, which otherwise gathers each object's values in an array before it makes the object.
/// </remarks>
public interface IKubeObject<TSelf> : IKubeObject
    where TSelf : class, IKubeObject<TSelf>
{
    /// <summary>Where objects of this kind live.</summary>
    static abstract ResourceType Resource { get; }

    /// <summary>Source-generated JSON of this kind.</summary>
    static abstract JsonTypeInfo<TSelf> JsonTypeInfo { get; }

    /// <summary>Whether the type reads nothing but metadata: then the server is asked for no more, which for most kinds is a small part of an object.</summary>
    static virtual bool IsMetadataOnly => false;
}

/// <summary>A kind whose type keeps every field it was read with, so that it may be replaced with PUT without loss.</summary>
public interface IFullObject<TSelf> : IKubeObject<TSelf>
    where TSelf : class, IFullObject<TSelf>;
