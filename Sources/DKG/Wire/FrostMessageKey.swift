/// `FrostMsgKey`: of which validator, from whom, to whom. Indices of operators count from 1; nobody is 0.
struct FrostMessageKey {
    let validator: Int
    let source: Int
    let target: Int

    init(validator: Int, source: Int, target: Int) {
        self.validator = validator
        self.source = source
        self.target = target
    }

    init(_ bytes: ArraySlice<UInt8>) throws(WireFault) {
        var (validator, source, target) = (0, 0, 0)
        var reader = FieldReader(bytes, "FrostMsgKey", fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: validator = try field.index("val_idx")
            case 2: source = try field.index("source_id")
            default: target = try field.index("target_id")
            }
        }
        self.init(validator: validator, source: source, target: target)
    }

    func write(_ writer: inout FieldWriter) {
        writer.number(1, validator)
        writer.number(2, source)
        writer.number(3, target)
    }
}

/// Gathers one entry for each validator, in whatever order they come; each must be of the one sender to the one
/// receiver, so that nobody speaks for another.
struct FrostEntries<Entry> {
    private let source: Int
    private let target: Int
    private var entries: [Entry?]
    private var count = 0

    init(source: Int, target: Int, validators: Int) {
        self.source = source
        self.target = target
        entries = Array(repeating: nil, count: validators)
    }

    mutating func add(_ key: FrostMessageKey, _ entry: Entry) throws(WireFault) {
        guard key.source == source else { throw .outOfRange(field: "source_id", value: UInt64(key.source)) }
        guard key.target == target else { throw .outOfRange(field: "target_id", value: UInt64(key.target)) }
        guard key.validator < entries.count else { throw .outOfRange(field: "val_idx", value: UInt64(key.validator)) }
        guard entries[key.validator] == nil else { throw .repeatedEntry(field: "val_idx") }
        entries[key.validator] = entry
        count += 1
    }

    /// By validator.
    func complete(_ field: String) throws(WireFault) -> [Entry] {
        guard count == entries.count else { throw .count(field: field, expected: entries.count, actual: count) }
        return entries.compactMap { $0 }
    }
}
