/// What was probably meant by a name that nothing has.
package enum Spelling {
    /// Of two slips at most.
    package static func nearest(to name: String, in names: some Sequence<String>) -> String? {
        names.map { (distance(name, $0), $0) }.filter { $0.0 <= 2 }.min { $0 < $1 }?.1
    }

    /// Letters to insert, delete or replace. Longer names than 64 bytes are cut.
    package static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
