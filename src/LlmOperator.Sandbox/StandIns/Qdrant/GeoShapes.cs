using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Whether places are within shapes.</summary>
internal static class GeoShapes
{
    private const double EarthMetres = 6371000;

    public static bool InBox(JsonElement box, JsonElement place)
    {
        if (Read(place) is not { } point)
        {
            return false;
        }

        var (topLeft, bottomRight) = (Corner(box, "top_left"), Corner(box, "bottom_right"));
        var isBetween = topLeft.Lon <= bottomRight.Lon ? point.Lon >= topLeft.Lon && point.Lon <= bottomRight.Lon : point.Lon >= topLeft.Lon || point.Lon <= bottomRight.Lon;
        return isBetween && point.Lat <= topLeft.Lat && point.Lat >= bottomRight.Lat;
    }

    public static bool InCircle(JsonElement circle, JsonElement place)
    {
        if (Read(place) is not { } point)
        {
            return false;
        }

        var centre = Corner(circle, "center");
        static double Radians(double degrees) => degrees * Math.PI / 180;
        var (lat, lon) = (Radians(point.Lat - centre.Lat) / 2, Radians(point.Lon - centre.Lon) / 2);
        var part = (Math.Sin(lat) * Math.Sin(lat)) + (Math.Cos(Radians(centre.Lat)) * Math.Cos(Radians(point.Lat)) * Math.Sin(lon) * Math.Sin(lon));
        return 2 * EarthMetres * Math.Asin(Math.Sqrt(part)) <= circle.GetProperty("radius").GetDouble();
    }

    public static bool InPolygon(JsonElement polygon, JsonElement place) =>
        Read(place) is { } point
        && InRing(polygon.GetProperty("exterior"), point)
        && !(polygon.TryGetProperty("interiors", out var holes) && holes.ValueKind == JsonValueKind.Array && holes.EnumerateArray().Any(hole => InRing(hole, point)));

    private static bool InRing(JsonElement ring, (double Lon, double Lat) point)
    {
        var corners = ring.GetProperty("points").EnumerateArray().Select(corner => Read(corner)!.Value).ToList();
        var inside = false;
        for (var (at, before) = (0, corners.Count - 1); at < corners.Count; before = at++)
        {
            var (a, b) = (corners[at], corners[before]);
            if (a.Lat > point.Lat != b.Lat > point.Lat && point.Lon < ((b.Lon - a.Lon) * (point.Lat - a.Lat) / (b.Lat - a.Lat)) + a.Lon)
            {
                inside = !inside;
            }
        }

        return inside;
    }

    private static (double Lon, double Lat) Corner(JsonElement shape, string name) => Read(shape.GetProperty(name)) ?? throw QdrantRefusal.Format($"{name}: expected `lon` and `lat`");

    private static (double Lon, double Lat)? Read(JsonElement place) =>
        place.ValueKind == JsonValueKind.Object && place.TryGetProperty("lon", out var lon) && place.TryGetProperty("lat", out var lat) ? (lon.GetDouble(), lat.GetDouble()) : null;
}
