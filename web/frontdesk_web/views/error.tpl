<!DOCTYPE html>
<html lang="{{language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<link rel="stylesheet" href="{{static("style.css")}}">
<link rel="icon" href="{{static("icon.svg")}}" type="image/svg+xml">
</head>
<body>
<header><div><a class="brand" href="/"><img src="{{static("icon.svg")}}" alt="">Frontdesk</a></div></header>
<main id="main">
<div class="narrow sheet">
<h1>{{title}}</h1>
<p>{{said}}</p>
<p><a href="{{page}}">{{link}}</a></p>
</div>
</main>
</body>
</html>
