/// `List[Element, limit]`: variable size; in JSON an array.
package struct ListCodec<Element: FieldCodec>: FieldCodec {
    package let element: Element
    package let limit: Int

    package init(of element: Element, limit: Int) {
        self.element = element
        self.limit = limit
    }

    package func fixedSize(_ preset: Preset) -> Int? { nil }

    package func encode(_ value: [Element.Value], into bytes: inout [UInt8], _ preset: Preset) {
        Elements(codec: element, preset: preset).encode(value, into: &bytes)
    }

    package func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> [Element.Value] {
        try Elements(codec: element, preset: preset).decode(bytes, limit: limit)
    }

    package func root(_ value: [Element.Value], _ preset: Preset) -> Root {
        let contents = Elements(codec: element, preset: preset).root(value, limit: limit)
        return ChunkTree.mixIn(length: value.count, contents)
    }

    package func json(_ value: [Element.Value], _ preset: Preset) -> JSONValue {
        .array(value.map { element.json($0, preset) })
    }

    package func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> [Element.Value] {
        try Elements(codec: element, preset: preset).values(json, limit: limit)
    }
}

/// `Vector[Element, count]`, count > 0; in JSON an array.
package struct VectorCodec<Element: FieldCodec>: FieldCodec {
    package let element: Element
    package let count: Int

    package init(of element: Element, count: Int) {
        precondition(count > 0)
        self.element = element
        self.count = count
    }

    package func fixedSize(_ preset: Preset) -> Int? {
        element.fixedSize(preset).map { $0 * count }
    }

    /// - Precondition: `value` has `count` elements. A container's `init()` must make them.
    package func encode(_ value: [Element.Value], into bytes: inout [UInt8], _ preset: Preset) {
        precondition(value.count == count)
        Elements(codec: element, preset: preset).encode(value, into: &bytes)
    }

    package func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> [Element.Value] {
        if let size = fixedSize(preset), bytes.count != size {
            throw SSZError(.length(expected: size, actual: bytes.count))
        }
        return try checked(Elements(codec: element, preset: preset).decode(bytes, limit: count))
    }

    package func root(_ value: [Element.Value], _ preset: Preset) -> Root {
        precondition(value.count == count)
        return Elements(codec: element, preset: preset).root(value, limit: count)
    }

    package func json(_ value: [Element.Value], _ preset: Preset) -> JSONValue {
        .array(value.map { element.json($0, preset) })
    }

    package func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> [Element.Value] {
        try checked(Elements(codec: element, preset: preset).values(json, limit: count))
    }

    private func checked(_ value: [Element.Value]) throws(SSZError) -> [Element.Value] {
        guard value.count == count else { throw SSZError(.count(expected: count, actual: value.count)) }
        return value
    }
}

/// What lists and vectors share: a run of elements, side by side or behind offsets.
private struct Elements<Codec: FieldCodec> {
    let codec: Codec
    let preset: Preset

    func encode(_ values: [Codec.Value], into bytes: inout [UInt8]) {
        if codec.fixedSize(preset) != nil {
            for value in values { codec.encode(value, into: &bytes, preset) }
            return
        }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 4 * values.count))
        for (i, value) in values.enumerated() {
            bytes.setOffset(bytes.count - start, at: start + 4 * i)
            codec.encode(value, into: &bytes, preset)
        }
    }

    func decode(_ bytes: ArraySlice<UInt8>, limit: Int) throws(SSZError) -> [Codec.Value] {
        let bounds = try bounds(bytes, limit: limit)
        var values: [Codec.Value] = []
        values.reserveCapacity(max(0, bounds.count - 1))
        for (i, (start, end)) in zip(bounds, bounds.dropFirst()).enumerated() {
            do throws(SSZError) {
                values.append(
                    try codec.decode(bytes[bytes.startIndex + start..<bytes.startIndex + end], preset))
            } catch {
                throw error.inside("[\(i)]")
            }
        }
        return values
    }

    /// Where each element begins, and the end of the last; empty without elements.
    private func bounds(_ bytes: ArraySlice<UInt8>, limit: Int) throws(SSZError) -> [Int] {
        guard !bytes.isEmpty else { return [] }
        if let size = codec.fixedSize(preset) {
            guard size > 0, bytes.count % size == 0 else { throw SSZError(.elementSize(size)) }
            guard bytes.count / size <= limit else { throw SSZError(.limit(limit)) }
            return Array(stride(from: 0, through: bytes.count, by: size))
        }
        guard bytes.count >= 4 else { throw SSZError(.length(expected: 4, actual: bytes.count)) }
        let first = bytes.offset(at: 0)
        guard first > 0, first % 4 == 0, Int(first) <= bytes.count else { throw SSZError(.offset(first)) }
        let count = Int(first) / 4
        guard count <= limit else { throw SSZError(.limit(limit)) }
        var bounds: [Int] = []
        bounds.reserveCapacity(count + 1)
        for i in 0..<count {
            let offset = bytes.offset(at: 4 * i)
            guard Int(offset) >= bounds.last ?? 0, Int(offset) <= bytes.count else { throw SSZError(.offset(offset)) }
            bounds.append(Int(offset))
        }
        bounds.append(bytes.count)
        return bounds
    }

    func root(_ values: [Codec.Value], limit: Int) -> Root {
        if codec.isBasic, let size = codec.fixedSize(preset) {
            var bytes: [UInt8] = []
            encode(values, into: &bytes)
            return ChunkTree.root(packing: bytes, chunkLimit: (limit * size + 31) / 32)
        }
        var tree = ListMerkleizer()
        for value in values { tree.append(codec.root(value, preset)) }
        return tree.root(depth: treeDepth(leaves: max(limit, values.count)))
    }

    func values(_ json: JSONValue, limit: Int) throws(SSZError) -> [Codec.Value] {
        guard case .array(let items) = json else { throw SSZError(.json(expected: "array")) }
        guard items.count <= limit else { throw SSZError(.limit(limit)) }
        var values: [Codec.Value] = []
        values.reserveCapacity(items.count)
        for (i, item) in items.enumerated() {
            do throws(SSZError) {
                values.append(try codec.value(item, preset))
            } catch {
                throw error.inside("[\(i)]")
            }
        }
        return values
    }
}
