// Headings sort their table: figures from the best down, text from a to z, and the other way at the next click.
document.querySelectorAll('.sortable th button').forEach(function (button) {
  button.addEventListener('click', function () {
    var head = button.parentElement, row = head.parentElement, body = head.closest('table').tBodies[0];
    var index = Array.prototype.indexOf.call(row.children, head), figures = head.classList.contains('value');
    var before = head.getAttribute('aria-sort');
    var up = before ? before === 'descending' : !figures;
    row.querySelectorAll('[aria-sort]').forEach(function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    var key = function (line) {
      var cell = line.children[index];
      return figures ? cell.dataset.value : cell.textContent;
    };
    Array.prototype.slice.call(body.rows).sort(function (one, other) {
      var a = key(one), b = key(other);
      if (a === '' || b === '') return (a === '') - (b === '');     // what is not known comes last
      var order = figures ? a - b : a.localeCompare(b, 'en', {numeric: true});
      return up ? order : -order;
    }).forEach(function (line) { body.appendChild(line); });
  });
});
