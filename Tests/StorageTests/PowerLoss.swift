import Foundation
import TestSupport

/// What a disk may hold after its power went: what was synced, and of the rest any part.
struct PowerLoss {
    /// By name, all of it durable.
    let start: [String: [UInt8]]
    let steps: [FaultyDisk.Step]

    struct Image {
        var files: [String: [UInt8]]
        /// Of the lock file.
        var mark: [UInt8]
        /// What somebody was told is durable.
        var told: Set<UInt64>
    }

    private enum Change {
        case write(offset: Int, [UInt8])
        case truncate(size: Int)
        case delete

        /// - Parameter bytes: of a write that is torn.
        func apply(to file: [UInt8]?, only bytes: Int? = nil) -> [UInt8]? {
            switch self {
            case .write(let offset, let all):
                let part = all.prefix(bytes ?? all.count)
                var file = file ?? []
                if file.count < offset + part.count {
                    file += [UInt8](repeating: 0, count: offset + part.count - file.count)
                }
                file.replaceSubrange(offset..<offset + part.count, with: part)
                return file
            case .truncate(let size):
                guard let file else { return nil }
                return file.count > size ? Array(file.prefix(size)) : file
            case .delete: return nil
            }
        }
    }

    /// The power goes after the first `count` steps.
    func image(after count: Int, using generator: inout SeededGenerator) -> Image {
        var durable: [String: [UInt8]?] = start
        var open: [String: [Change]] = [:]
        var image = Image(files: [:], mark: [], told: [])
        for step in steps.prefix(count) {
            switch step {
            case .write(let name, let offset, let bytes):
                open[name, default: []].append(.write(offset: offset, bytes))
            case .truncate(let name, let size): open[name, default: []].append(.truncate(size: size))
            case .delete(let name): open[name, default: []].append(.delete)
            case .sync(let name):
                durable[name] = (open.removeValue(forKey: name) ?? []).reduce(durable[name] ?? nil) { $1.apply(to: $0) }
            case .mark(let bytes): image.mark = bytes
            case .told(let slot): image.told.insert(slot)
            }
        }
        for (name, changes) in open.sorted(by: { $0.key < $1.key }) {
            // Seldom all, seldom none.
            let kept = [0, 1, 50, 90, 100].randomElement(using: &generator) ?? 0
            var file = durable[name] ?? nil
            for (number, change) in changes.enumerated()
            where Int.random(in: 1...100, using: &generator) <= kept {
                var torn: Int?
                if number == changes.count - 1, case .write(_, let bytes) = change {
                    torn = Int.random(in: 0...bytes.count, using: &generator)
                }
                file = change.apply(to: file, only: torn)
            }
            durable[name] = file
        }
        image.files = durable.compactMapValues(\.self)
        return image
    }
}
