;; returns 0: sizes of the memory side by side, which wasm3 itself could not compile
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 wasm3-memory-size 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (i32.sub (i32.add (memory.size) (memory.size)) (i32.const 2))))
