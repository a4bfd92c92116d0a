import CZlib
import Foundation

/// Why an archive cannot be written.
package enum ArchiveError: Error, Equatable, Sendable {
    case cannotWrite(path: String, reason: String)

    /// Larger than the format can tell of: 4 GiB, or 65,535 entries.
    case tooLarge
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotWrite(let path, let reason): "\(path) cannot be written (\(reason))"
        case .tooLarge: "the archive would be larger than a ZIP file can be"
        }
    }
}

/// Writes a ZIP archive, entry by entry; memory holds one entry and the names of all.
///
/// APPNOTE 6.3: deflated entries with UTF-8 names, no encryption, no ZIP64.
final class ZipFile {
    private struct Entry {
        let name: [UInt8]
        let checksum: UInt32
        let packed: UInt32
        let size: UInt32
        let offset: UInt32
    }

    private static let versionNeeded: UInt16 = 20

    /// Bit 11: the name is UTF-8.
    private static let flags: UInt16 = 1 << 11
    private static let deflated: UInt16 = 8
    private static let entriesMax = Int(UInt16.max)

    private let file: FileHandle
    private let path: String
    private let date: UInt16
    private let time: UInt16
    private var entries: [Entry] = []
    private var offset = 0

    /// Makes the file, readable for its owner alone; it must not exist.
    init(path: String, at moment: Date) throws(ArchiveError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        self.path = path
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        (date, time) = Self.stamp(moment)
    }

    /// Adds an entry.
    func add(_ name: String, _ content: Data) throws(ArchiveError) {
        guard content.count < Int(UInt32.max), entries.count < Self.entriesMax else {
            throw .tooLarge
        }
        let packed = try deflate(content)
        let checksum = content.withUnsafeBytes { bytes in
            crc32(0, bytes.bindMemory(to: Bytef.self).baseAddress, uInt(content.count))
        }
        let entry = Entry(
            name: Array(name.utf8),
            checksum: UInt32(truncatingIfNeeded: checksum),
            packed: UInt32(packed.count),
            size: UInt32(content.count),
            offset: UInt32(offset)
        )
        var head = Fields()
        head.add(UInt32(0x0403_4b50))
        head.add(Self.versionNeeded)
        add(entry, to: &head)
        head.add(UInt16(0))
        head.bytes += entry.name
        try write(Data(head.bytes) + packed)
        entries.append(entry)
    }

    /// Writes the directory and brings the file to the disk.
    func finish() throws(ArchiveError) {
        let start = offset
        for entry in entries {
            var head = Fields()
            head.add(UInt32(0x0201_4b50))
            // Made by a Unix system, so that the rights below are understood.
            head.add(UInt16(3 << 8 | 20))
            head.add(Self.versionNeeded)
            add(entry, to: &head)
            head.add(UInt16(0))
            head.add(UInt16(0))
            head.add(UInt16(0))
            head.add(UInt16(0))
            // A plain file, for its owner alone.
            head.add(UInt32(0o100600) << 16)
            head.add(entry.offset)
            head.bytes += entry.name
            try write(Data(head.bytes))
        }
        var end = Fields()
        end.add(UInt32(0x0605_4b50))
        end.add(UInt16(0))
        end.add(UInt16(0))
        end.add(UInt16(entries.count))
        end.add(UInt16(entries.count))
        end.add(UInt32(offset - start))
        end.add(UInt32(start))
        end.add(UInt16(0))
        try write(Data(end.bytes))
        do {
            try file.synchronize()
            try file.close()
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// What the local head and the directory have in common, from the flags to the name's length.
    private func add(_ entry: Entry, to head: inout Fields) {
        head.add(Self.flags)
        head.add(Self.deflated)
        head.add(time)
        head.add(date)
        head.add(entry.checksum)
        head.add(entry.packed)
        head.add(entry.size)
        head.add(UInt16(entry.name.count))
    }

    private func write(_ data: Data) throws(ArchiveError) {
        guard offset + data.count < Int(UInt32.max) else { throw .tooLarge }
        do {
            try file.write(contentsOf: data)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
        offset += data.count
    }

    /// The deflated bytes: what zlib's own format has between its two-byte head and its checksum.
    private func deflate(_ content: Data) throws(ArchiveError) -> Data {
        var size = compressBound(uLong(content.count))
        var output = Data(count: Int(size))
        let status = output.withUnsafeMutableBytes { target in
            content.withUnsafeBytes { source in
                compress2(
                    target.bindMemory(to: Bytef.self).baseAddress,
                    &size,
                    source.bindMemory(to: Bytef.self).baseAddress,
                    uLong(content.count),
                    Z_DEFAULT_COMPRESSION
                )
            }
        }
        guard status == Z_OK else {
            throw .cannotWrite(path: path, reason: "zlib says \(status)")
        }
        return output.prefix(Int(size)).dropFirst(2).dropLast(4)
    }

    /// Numbers as the format has them, the lowest byte first.
    private struct Fields {
        var bytes: [UInt8] = []

        mutating func add(_ value: UInt16) {
            bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
        }

        mutating func add(_ value: UInt32) {
            add(UInt16(truncatingIfNeeded: value))
            add(UInt16(truncatingIfNeeded: value >> 16))
        }
    }

    /// Day and time as MS-DOS has them, in UTC; years before 1980 are 1980.
    private static func stamp(_ moment: Date) -> (date: UInt16, time: UInt16) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second],
            from: moment
        )
        let year = min(max((parts.year ?? 1980) - 1980, 0), 127)
        let date = year << 9 | (parts.month ?? 1) << 5 | (parts.day ?? 1)
        let time = (parts.hour ?? 0) << 11 | (parts.minute ?? 0) << 5 | (parts.second ?? 0) / 2
        return (UInt16(date), UInt16(time))
    }
}
