using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Tests.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Apply;

/// <summary>Laws that hold whatever is applied, over generated widgets and field sets.</summary>
public sealed class ApplyProperties
{
    private static readonly Arbitrary<PathElement[][]> Paths = Gen.OneOf(
            Gen.Elements("a", "b", "c.d", "\"q\"", "\u00e4").Select(PathElement.Field),
            Gen.OneOf(Gen.Choose(-2, 12).Select(number => $"{number}"), Gen.Elements("\"x\"", "true", "null", "1.5")).Select(text => PathElement.OfValue(Scalar(text))),
            Gen.Elements("a", "b").Select(name => PathElement.OfKeys([new("name", ScalarValue.Of(name)), new("port", Scalar("80"))])),
            Gen.Choose(0, 11).Select(PathElement.OfIndex))
        .ArrayOf().Where(path => path.Length is > 0 and < 5).ArrayOf().ToArbitrary();

    private static readonly Gen<string> Spec =
        from size in Gen.Choose(1, 3)
        from title in Gen.Elements("", ",\"title\":\"one\"", ",\"title\":\"two\"")
        from mode in Gen.Elements("", ",\"mode\":\"fast\"")
        from tags in Gen.SubListOf("a", "b", "c", "d")
        from steps in Gen.SubListOf("x", "y", "z")
        from weight in Gen.Choose(1, 2)
        from blob in Gen.Elements("", ",\"blob\":{\"k\":{\"l\":1}}", ",\"blob\":{\"k\":{},\"m\":[1,2]}")
        from pair in Gen.Elements("", ",\"pair\":{\"a\":\"1\"}", ",\"pair\":{\"b\":\"1\"}")
        select $$$"""{"size":{{{size}}}{{{title}}}{{{mode}}}{{{List("tags", tags.Select(tag => $"\"{tag}\""))}}}{{{List("steps", steps.Select(step => $$"""{"name":"{{step}}","weight":{{weight}}}"""))}}}{{{blob}}}{{{pair}}}}""";

    private static readonly Arbitrary<string[]> Specs = Spec.Four().Select(specs => new[] { specs.Item1, specs.Item2, specs.Item3, specs.Item4 }).ToArbitrary();

    private static readonly Gen<JsonObject> Tree = Gen.Sized(size => Objects(Math.Min(size, 3)));

    [Fact]
    public void A_field_set_survives_writing_and_reading() => Prop.ForAll(Paths, paths =>
    {
        var set = SetOf(paths);
        var text = set.ToJson().ToJsonString();
        return FieldSet.FromJson((JsonObject)JsonText.Parse(Encoding.UTF8.GetBytes(text))!).Equals(set) && SetOf(Enumerable.Reverse(paths)).ToJson().ToJsonString() == text;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Field_sets_obey_the_laws_of_sets() => Prop.ForAll(Paths, Paths, (left, right) =>
    {
        FieldSet a = SetOf(left), b = SetOf(right);
        return a.Union(b).Equals(b.Union(a))
            && a.Intersection(b).Equals(b.Intersection(a))
            && a.Difference(b).Intersection(b).IsEmpty
            && a.Difference(b).Union(a.Intersection(b)).Equals(a)
            && a.RecursiveDifference(a).IsEmpty
            && left.All(path => a.Has(path));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Applying_the_same_twice_changes_nothing() => Prop.ForAll(Specs, specs =>
    {
        var live = Widgets.Apply(Widgets.Apply(null, specs[0], "one"), specs[1], "two", force: true, seconds: 1);
        var once = Widgets.Apply(live, specs[2], "one", force: true, seconds: 2);
        return JsonNode.DeepEquals(once, Widgets.Apply(once, specs[2], "one", seconds: 3));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_forced_apply_gets_its_values_and_nobody_else_owns_what_it_changed() => Prop.ForAll(Specs, specs =>
    {
        var live = Widgets.Apply(null, specs[0], "one");
        var config = Widgets.Of(specs[1]);
        var forced = Widgets.Apply(live, specs[1], "two", force: true, seconds: 1);
        var reapplied = Merger.Merge(forced, config, Widgets.Schema);
        var changed = Comparison.Of(live, forced, Widgets.Schema, static _ => true).Modified;
        var one = ManagedFields.Read(forced)!.Find(manager => manager.Name == "one");
        return JsonNode.DeepEquals(reapplied["spec"], forced["spec"]) && (one is null || one.Fields.Intersection(changed).IsEmpty);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Without_force_an_apply_either_conflicts_or_takes_nothing_away() => Prop.ForAll(Specs, specs =>
    {
        var live = Widgets.Apply(null, specs[0], "one");
        try
        {
            var shared = Widgets.Apply(live, specs[1], "two", seconds: 1);
            return ManagedFields.Read(shared)!.Find(manager => manager.Name == "one")!.Fields.Equals(ManagedFields.Read(live)![0].Fields);
        }
        catch (LlmOperator.Sandbox.Server.StatusException conflict)
        {
            return conflict.Code == 409;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Fields_given_up_by_all_appliers_are_gone_but_for_defaults() => Prop.ForAll(Specs, specs =>
    {
        var live = Widgets.Apply(null, specs[0], "one");
        live = Widgets.Apply(live, specs[1], "two", force: true, seconds: 1);
        live = Widgets.Apply(live, """{"size":1}""", "one", force: true, seconds: 2);
        live = Widgets.Apply(live, """{"size":1}""", "two", force: true, seconds: 3);
        var expected = Widgets.Of("""{"size":1}""");
        Defaulter.Apply(expected, Widgets.Schema);
        return JsonNode.DeepEquals(expected["spec"], live["spec"]);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_field_of_an_object_is_owned_by_who_created_it() => Prop.ForAll(Specs, specs =>
    {
        var widget = Widgets.Create(Widgets.Of(specs[0]));
        var owned = ManagedFields.Read(widget)![0].Fields;
        return Ownership.Of(new JsonObject { ["spec"] = widget["spec"]!.DeepClone() }, Widgets.Schema).Difference(owned).IsEmpty;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_merge_patch_applied_twice_is_applied_once() => Prop.ForAll(Tree.ToArbitrary(), Tree.ToArbitrary(), (document, patch) =>
    {
        var once = (JsonObject)document.DeepClone();
        MergePatch.Apply(once, patch);
        var twice = (JsonObject)once.DeepClone();
        MergePatch.Apply(twice, patch);
        return JsonNode.DeepEquals(once, twice);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_empty_merge_patch_changes_nothing_and_one_of_nulls_removes_everything() => Prop.ForAll(Tree.ToArbitrary(), document =>
    {
        var same = (JsonObject)document.DeepClone();
        MergePatch.Apply(same, []);
        var gone = (JsonObject)document.DeepClone();
        MergePatch.Apply(gone, new JsonObject(document.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)null))));
        return JsonNode.DeepEquals(document, same) && gone.Count == 0;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Comparing_an_object_with_itself_finds_nothing() => Prop.ForAll(Specs, specs =>
    {
        var widget = Widgets.Of(specs[0]);
        var comparison = Comparison.Of(widget, (JsonObject)widget.DeepClone(), Widgets.Schema, static _ => true);
        return comparison.Added.IsEmpty && comparison.Modified.IsEmpty && comparison.Removed.IsEmpty;
    }).QuickCheckThrowOnFailure();

    /// <summary>An empty list of owned items is owned by nobody, in the real server too; configurations leave it out.</summary>
    private static string List(string name, IEnumerable<string> items) => string.Join(',', items) is { Length: > 0 } text ? $",\"{name}\":[{text}]" : "";

    private static FieldSet SetOf(IEnumerable<PathElement[]> paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
        {
            set.Insert(path);
        }

        return set;
    }

    private static ScalarValue Scalar(string json) => ScalarValue.TryCreate(JsonText.Parse(Encoding.UTF8.GetBytes(json)), out var value) ? value : throw new ArgumentException(json);

    private static Gen<JsonObject> Objects(int depth) =>
        from names in Gen.SubListOf("a", "b", "c")
        from values in Gen.ArrayOf(Values(depth), 3)
        select new JsonObject(names.Zip(values, (name, value) => KeyValuePair.Create(name, value?.DeepClone())));

    private static Gen<JsonNode?> Values(int depth)
    {
        var scalars = Gen.Elements<JsonNode?>(null, JsonValue.Create(1L), JsonValue.Create("x"), JsonValue.Create(true));
        return depth == 0 ? scalars : Gen.OneOf(scalars, Objects(depth - 1).Select(JsonNode? (obj) => obj), Gen.Constant<JsonNode?>(new JsonArray(1, 2)));
    }
}
