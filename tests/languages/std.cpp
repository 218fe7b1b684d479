// Counts the pods of each phase with the standard library of C++: a map that a constructor fills, and strings.
#include <array>
#include <map>
#include <string>
#include "wagather.h"

WAGATHER_RECORD("gatherer 1 pod-phases 0.1.0");
WAGATHER_RECORD("resource list /v1/pods * status(phase)");
WAGATHER_RECORD("wasi preview1");

static const std::array<std::string, 5> phases{"Pending", "Running", "Succeeded", "Failed", "Unknown"};
static std::map<std::string, unsigned> counts;

struct Zeros {
    Zeros() {
        for (const auto &phase : phases) counts[phase] = 0;
    }
};

static Zeros zeros;

static std::string phase_of(const std::string &item) {
    const std::string key = "\"phase\":\"";
    auto at = item.find(key);
    if (at == item.npos) return "Unknown";
    at += key.size();
    return item.substr(at, item.find('"', at) - at);
}

WAGATHER_GATHER {
    wagather_request pods{};
    pods.verb = WAGATHER_LIST;
    pods.version = WAGATHER_TEXT("v1");
    pods.resource = WAGATHER_TEXT("pods");
    int32_t handle = wagather_rest_start(&pods), len;
    if (handle < 0) return handle;
    std::string room(16, ' ');
    while ((len = wagather_rest_next(handle, room.data(), room.size())) > 0) {
        if (static_cast<size_t>(len) > room.size()) {
            room.resize(len);
            continue;
        }
        counts[phase_of(room.substr(0, len))]++;
    }
    if (len < 0) return len;
    std::string report;
    for (const auto &phase : phases)
        report += (report.empty() ? "{\"" : ",\"") + phase + "\":" + std::to_string(counts[phase]);
    report += "}\n";
    const std::string name = "phases.json";
    int32_t entry = wagather_archive_open(name.data(), name.size());
    if (entry < 0) return entry;
    int32_t written = wagather_archive_write(entry, report.data(), report.size());
    return written < 0 ? written : wagather_archive_close(entry);
}
