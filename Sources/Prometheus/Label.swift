/// One label of a metric: a type for each, so that values cannot be given in the wrong order.
///
/// Whatever comes from outside is looked up in a `LabelTable` first: series are few, however many values there are.
package protocol Label: Hashable, Sendable {
    /// As in the exposition.
    static var name: String { get }
    var value: String { get }
}

/// The values a label may have.
package struct LabelTable: Sendable {
    /// Stands for all values that are not in a table, and for all series beyond a metric's bound.
    package static let other = "other"

    private let known: Set<String>

    package init(_ known: some Sequence<String>) { self.known = Set(known) }

    /// The text itself if it is known, else `other`.
    package subscript(text: String) -> String { known.contains(text) ? text : Self.other }
}

/// The labels of one metric, in the order of its declaration.
package protocol LabelSet: Hashable, Sendable {
    static var names: [String] { get }
    var values: [String] { get }
}

package struct NoLabels: LabelSet {
    package static var names: [String] { [] }
    package var values: [String] { [] }

    package init() {}
}

package struct Labels1<A: Label>: LabelSet {
    package static var names: [String] { [A.name] }
    private let a: A
    package var values: [String] { [a.value] }

    package init(_ a: A) { self.a = a }
}

package struct Labels2<A: Label, B: Label>: LabelSet {
    package static var names: [String] { [A.name, B.name] }
    private let a: A
    private let b: B
    package var values: [String] { [a.value, b.value] }

    package init(_ a: A, _ b: B) {
        self.a = a
        self.b = b
    }
}

package struct Labels3<A: Label, B: Label, C: Label>: LabelSet {
    package static var names: [String] { [A.name, B.name, C.name] }
    private let a: A
    private let b: B
    private let c: C
    package var values: [String] { [a.value, b.value, c.value] }

    package init(_ a: A, _ b: B, _ c: C) {
        self.a = a
        self.b = b
        self.c = c
    }
}

package struct Labels4<A: Label, B: Label, C: Label, D: Label>: LabelSet {
    package static var names: [String] { [A.name, B.name, C.name, D.name] }
    private let a: A
    private let b: B
    private let c: C
    private let d: D
    package var values: [String] { [a.value, b.value, c.value, d.value] }

    package init(_ a: A, _ b: B, _ c: C, _ d: D) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }
}

package struct Labels5<A: Label, B: Label, C: Label, D: Label, E: Label>: LabelSet {
    package static var names: [String] { [A.name, B.name, C.name, D.name, E.name] }
    private let a: A
    private let b: B
    private let c: C
    private let d: D
    private let e: E
    package var values: [String] { [a.value, b.value, c.value, d.value, e.value] }

    package init(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.e = e
    }
}
