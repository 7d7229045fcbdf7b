namespace Showroom
{
    /// <summary>What a product is after a change that says only what became different.</summary>
    public static class Shown
    {
        /// <summary>
        /// Bring a product up to date. A change names GLB, size and colour only where they became others,
        /// and among its numbers are places and turns, which are in its transform.
        /// </summary>
        public static void Change(ProductShown shown, ProductChanged changed)
        {
            shown.Transform = changed.Transform;
            if (!string.IsNullOrEmpty(changed.Glb)) shown.Glb = changed.Glb;
            if (!string.IsNullOrEmpty(changed.Size)) shown.Size = changed.Size;
            if (!string.IsNullOrEmpty(changed.Color)) shown.Color = changed.Color;
            if (shown.Values == null) return;
            foreach (var change in changed.Changes)
                if (shown.Values.ContainsKey(change.Name)) shown.Values[change.Name] = change.New;
        }
    }
}
