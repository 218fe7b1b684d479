;; traps: wasm3 cannot compile two sizes of the memory side by side; other engines go on to the trap
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 wasm3-memory-size 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (drop (i32.add (memory.size) (memory.size)))
    (unreachable)))
