/// Walks over the fields of a container, in order. One visitor each writes, reads, hashes, shows.
package protocol FieldVisitor {
    /// The sizes of this chain, for fields whose limit depends on them.
    var preset: Preset { get }

    /// A field whose type says it all: a number, boolean, fixed byte string or nested container.
    ///
    /// It could do with the other method and `ValueCodec`, but most fields come here, and making that generic type
    /// for each of them would cost as much as hashing.
    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError)

    /// A field that has limits.
    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError)
}

/// One way to name a field with limits per kind of SSZ type.
extension FieldVisitor {
    /// `ByteList[limit]`.
    package mutating func visit(_ name: String, _ bytes: inout [UInt8], limit: Int) throws(SSZError) {
        try visit(name, &bytes, as: ByteListCodec(limit: limit))
    }

    /// `ByteVector[count]`, for those too long to be `FixedBytes`.
    package mutating func visit(_ name: String, _ bytes: inout [UInt8], count: Int) throws(SSZError) {
        try visit(name, &bytes, as: ByteVectorCodec(count: count))
    }

    /// `Bitlist[limit]`.
    package mutating func visit(_ name: String, _ bits: inout Bitlist, limit: Int) throws(SSZError) {
        try visit(name, &bits, as: BitlistCodec(limit: limit))
    }

    /// `Bitvector[count]`.
    package mutating func visit(_ name: String, _ bits: inout Bitvector, count: Int) throws(SSZError) {
        try visit(name, &bits, as: BitvectorCodec(count: count))
    }

    /// `List[Element, limit]`.
    package mutating func visit<Element: SSZCodable>(
        _ name: String, _ list: inout [Element], limit: Int
    ) throws(SSZError) {
        try visit(name, &list, as: ListCodec(of: ValueCodec<Element>(), limit: limit))
    }

    /// `Vector[Element, count]`.
    package mutating func visit<Element: SSZCodable>(
        _ name: String, _ vector: inout [Element], count: Int
    ) throws(SSZError) {
        try visit(name, &vector, as: VectorCodec(of: ValueCodec<Element>(), count: count))
    }
}
