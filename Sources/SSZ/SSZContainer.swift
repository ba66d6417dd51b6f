/// An SSZ container. Its one field list drives bytes, hash tree root and JSON, so they cannot disagree.
package protocol SSZContainer: SSZCodable {
    /// The container whose fields are all zero or empty.
    init()

    /// Hands every field to the visitor, in the order of the specification and with its name there.
    mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError)
}

extension SSZContainer {
    package static func fixedSize(preset: Preset) -> Int? {
        var layout = LayoutVisitor(preset: preset)
        var probe = Self()
        probe.walk(&layout)
        return layout.isFixed ? layout.fixedPart : nil
    }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        var copy = self
        var visitor = EncodeVisitor(appendingTo: bytes, preset: preset)
        bytes = []  // the visitor is now the only owner: appending does not copy
        copy.walk(&visitor)
        if visitor.beginVariableParts() { copy.walk(&visitor) }
        bytes = visitor.bytes
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        self.init()
        var layout = LayoutVisitor(preset: preset)
        walk(&layout)
        var visitor = try DecodeVisitor(bytes, layout: layout)
        try visitFields(&visitor)
    }

    package func hashTreeRoot(preset: Preset) -> Root {
        var copy = self
        var visitor = RootVisitor(preset: preset)
        copy.walk(&visitor)
        return visitor.root
    }

    package func json(preset: Preset) -> JSONValue {
        var copy = self
        var visitor = JSONWriteVisitor(preset: preset)
        copy.walk(&visitor)
        return .object(visitor.object)
    }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .object(let object) = json else { throw SSZError(.json(expected: "object")) }
        self.init()
        var visitor = JSONReadVisitor(object, preset: preset)
        try visitFields(&visitor)
    }

    /// Visits with a visitor that only looks at values and therefore has nothing to refuse.
    mutating func walk(_ visitor: inout some FieldVisitor) {
        do {
            try visitFields(&visitor)
        } catch {
            preconditionFailure("a container refused its own value: \(error)")
        }
    }
}
