/// Bounds on what the JSON parser accepts, against hostile input.
package struct JSONLimits: Sendable {
    package var bytesMax: Int
    /// Arrays and objects inside each other. The parser recurses this deep.
    package var depthMax: Int
    /// Values of all kinds: bounds the memory, which is a multiple of the text for `[0,0,…]`.
    package var valuesMax: Int

    package init(bytesMax: Int = 64 << 20, depthMax: Int = 32, valuesMax: Int = 4_000_000) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.valuesMax = valuesMax
    }
}
